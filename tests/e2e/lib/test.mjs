// Cases of a scenario file: `test('name', async () => { ... })`, run in the order they are written.
// `test.main(...)` marks those that `make e2e` runs on PostgreSQL too.
import assert from 'node:assert/strict';

export const cases = [];

export function test(name, fn) {
  cases.push({ name, fn, main: false });
}

test.main = (name, fn) => cases.push({ name, fn, main: true });

export { assert };
