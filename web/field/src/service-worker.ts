/** Keeps the app itself on the phone, so that it opens without a network; it never touches the API. */

import { cleanupOutdatedCaches, precacheAndRoute } from 'workbox-precaching';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

cleanupOutdatedCaches();
// A new version waits until no page of the old one is open: an update never meets a half-saved form.
precacheAndRoute(self.__WB_MANIFEST, { directoryIndex: 'index.html' });
