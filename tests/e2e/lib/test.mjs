// Cases of a scenario file: `test('name', async () => { ... })`, run in the order they are written.
// `test.main(...)` marks those that `make e2e` runs on PostgreSQL too.
import assert from 'node:assert/strict';

export const cases = [];

// seconds: how long the case may take, 240 unless told: a guard against hanging, not a measure of speed
export function test(name, fn, { seconds } = {}) {
  cases.push({ name, fn, seconds, main: false });
}

test.main = (name, fn, { seconds } = {}) => cases.push({ name, fn, seconds, main: true });

export { assert };
