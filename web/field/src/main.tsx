/** The app's first lines: the disk first, then the screens. */

import './style.css';

import { render } from 'preact';

import { begin, enrolment, unlocked } from './app';
import { place } from './navigation';
import { Collect } from './screens/Collect';
import { Consumer } from './screens/Consumer';
import { Enrol } from './screens/Enrol';
import { Outbox } from './screens/Outbox';
import { Tabs } from './screens/parts';
import { Receipt } from './screens/Receipt';
import { Round } from './screens/Round';
import { Settings } from './screens/Settings';
import { Unlock } from './screens/Unlock';

const WITH_TABS = new Set(['round', 'outbox', 'settings']);

function App() {
  if (enrolment.value === null) return <Enrol />;
  if (!unlocked.value) return <Unlock />;
  const { screen, id } = place.value;
  return (
    <>
      {screen === 'round' && <Round />}
      {screen === 'consumer' && <Consumer key={id} id={id} />}
      {screen === 'collect' && <Collect key={id} id={id} />}
      {screen === 'receipt' && <Receipt />}
      {screen === 'outbox' && <Outbox />}
      {screen === 'settings' && <Settings />}
      {WITH_TABS.has(screen) && <Tabs />}
    </>
  );
}

await begin();
render(<App />, document.getElementById('app')!);
void navigator.serviceWorker?.register('/field/service-worker.js', { scope: '/field/' });
