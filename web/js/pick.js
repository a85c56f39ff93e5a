// A long list of choices gets a search field: what does not match is left out. Without script the list is simply whole.
const fold = (s) => s.toLowerCase().normalize('NFKC').replace(/\s+/g, '');

const wordsOf = (input) => input.value.split(/\s+/).map(fold).filter(Boolean);
const has = (o, words) => words.every((w) => fold(o.textContent).includes(w));

function narrowSelect(select, words) {
  const chosen = select.value;
  for (const o of select.querySelectorAll('option')) {
    const gone = o.value !== '' && o.value !== chosen && !has(o, words);
    o.hidden = gone;
    o.disabled = gone;
  }
  for (const g of select.querySelectorAll('optgroup')) g.hidden = ![...g.children].some((o) => !o.hidden);
}

function narrowList(field, words) {
  for (const label of field.querySelectorAll('label.check'))
    label.hidden = !label.querySelector(':checked') && !has(label, words);
}

// Enter takes the first that matches.
function take(select, words) {
  const left = [...select.options].filter((o) => o.value && has(o, words));
  if (left.length) select.value = left[0].value;
  select.focus();
}

for (const input of document.querySelectorAll('[data-pick]')) {
  const target = document.getElementById(input.dataset.pick);
  if (!target) continue;
  input.closest('.pick').hidden = false;
  input.addEventListener('input', () => {
    const words = wordsOf(input);
    if (target.tagName === 'SELECT') narrowSelect(target, words);
    else narrowList(target, words);
  });
  input.addEventListener('keydown', (e) => {
    if (e.key !== 'Enter') return;
    e.preventDefault();
    if (target.tagName === 'SELECT') take(target, wordsOf(input));
  });
}
