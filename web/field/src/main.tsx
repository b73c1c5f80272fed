import { render } from 'preact';

render(<main>Field ledger</main>, document.getElementById('app')!);
