// Telephone and identity numbers inside free text: nobody reads them who has not said what for.
import { assert, test } from './lib/test.mjs';
import { did, handed, officeHours, staff, step, town as TOWN } from './lib/desk.mjs';
import { world } from './lib/server.mjs';

test.main('numbers inside free text are masked wherever it is shown: to the public, the follower, the reporter, the desk, in exports and notices', async () => {
  const server = await world();
  await officeHours(server);
  const mobile = '13912345678';
  const identity = '500105199003071234';
  const numbers = new RegExp(`${mobile}|${identity}|67001234`);
  const what = `嘉陵江边护栏松脱，找我${mobile}，身份证${identity}，座机 023-67001234`;
  const { code, id, dispatcher } = await handed(server, { fields: { what, public: '1', address: `门卫 ${mobile} 旁`, anyway: '1', category: '-' } });
  const handler = await staff(server, 'handler-people');
  await did(handler, id, 'sign');
  await did(handler, id, 'reply', { verdict: 'cannot', note: `不归这里管，已电话 ${mobile} 告知`, reason: `按规定由江务部门办，联系人 ${mobile}` });
  const resident = server.http();
  const pages = [[resident, `/r/${code}`], [resident, `/r/${code}/status`], [resident, `/r/${code}/status.json`], [resident, `/t/${TOWN}/open`],
    [resident, `/t/${TOWN}/open.json`], [dispatcher, '/cases'], [dispatcher, `/cases/${id}`], [dispatcher, '/cases.csv'], [dispatcher, '/me/notices'],
    [handler, '/inbox'], [handler, '/me/notices'], [await staff(server, 'verifier'), '/inbox'], [await staff(server, 'verifier'), '/me/notices']];
  for (const [v, path] of pages) {
    const { status, text } = await v.get(path);
    assert.equal(status, 200, path);
    assert.doesNotMatch(text, numbers, path);
  }
  const status = await resident.get(`/r/${code}/status`);
  assert.match(status.text, /139\*\*\*\*5678/);
  assert.match(status.text, /理由和依据/, 'what cannot be done says why');
  // and without a reason it is not taken
  const second = await handed(server, { fields: { what: '另一件办不了的事', category: '-' } });
  await did(handler, second.id, 'sign');
  assert.equal((await step(handler, second.id, 'reply', { verdict: 'cannot', note: '办不了' })).status, 422);
  await server.stop();
}, { seconds: 200 });

