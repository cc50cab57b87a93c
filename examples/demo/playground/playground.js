// Makes the playground nicer: buttons to copy, and a countdown. Nothing depends on it.
'use strict';

for (const text of document.querySelectorAll('pre[data-copy]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy ${text.dataset.copy}`);
  button.addEventListener('click', () => copy(text, button));
  text.before(button);
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = 'Copied';
  } catch {
    // Without the right to, the text is selected for a copy by hand.
    getSelection().selectAllChildren(text);
    button.textContent = 'Selected';
  }
  document.querySelector('#announcement')?.replaceChildren(`${button.textContent}: ${text.dataset.copy}`);
}

for (const countdown of document.querySelectorAll('time[data-left]')) {
  // What is left by the clock of the server: that of the browser may be another.
  const end = performance.now() + Number(countdown.dataset.left) * 1000;
  const show = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    countdown.textContent = left > 0 ? `valid for ${left} s` : 'expired';
    countdown.classList.toggle('late', left <= 10);
    if (left > 0) setTimeout(show, 250);
  };
  show();
}
