import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

// The lowest browser that the app is built for; Ed25519 keys need a newer one, and enrolment says so.
const LOWEST = 'chrome109';

export default defineConfig({
  root: 'field',
  base: '/field/',
  cacheDir: '../.cache/vite',
  // Fixtures and the catalogue of messages are the server's own files.
  server: { fs: { allow: ['..', '../..'] } },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../built/field',
    emptyOutDir: true,
    target: LOWEST,
    // Its polyfill is an inline script, which the page's policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  plugins: [
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'service-worker.ts',
      injectRegister: false,
      manifest: {
        name: 'Field ledger',
        short_name: 'Field',
        start_url: '/field/',
        scope: '/field/',
        display: 'standalone',
        background_color: '#0b3d2e',
        theme_color: '#0b3d2e',
        icons: [
          { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
          { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'maskable' },
        ],
      },
      injectManifest: { globPatterns: ['**/*.{html,js,css,svg,woff2}'] },
    }),
  ],
  test: { include: ['tests/**/*.test.ts'] },
});
