// Filters, keys and the theme. The page reads without it; it makes no markup and loads nothing.
'use strict';
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const root = document.documentElement;

  // What a reader chose is kept where the browser allows that.
  const kept = (name) => { try { return localStorage.getItem('countersign.' + name); } catch { return null; } };
  const keep = (name, value) => { try { localStorage.setItem('countersign.' + name, value); } catch { /* not allowed */ } };

  const themes = ['auto', 'light', 'dark'];
  const setTheme = (theme) => {
    root.dataset.theme = theme;
    $('theme').textContent = 'Theme: ' + theme;
    keep('theme', theme);
  };
  const nextTheme = () => setTheme(themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length]);

  const views = all('input[name=view]');
  const setView = (value) => {
    for (const view of views) view.checked = view.value === value;
    keep('view', value);
  };
  const nextView = () => setView(views[(views.findIndex((view) => view.checked) + 1) % views.length].value);

  const environments = all('.environment');
  const units = all('.unit').map((node) => ({ node, environment: node.closest('.environment'), objects: [] }));
  const unitOf = new Map(units.map((unit) => [unit.node, unit]));
  const objects = all('.object').map((node) => {
    const unit = unitOf.get(node.closest('.unit'));
    const object = {
      node,
      unit,
      summary: node.querySelector('summary'),
      environment: unit.environment.id,
      operation: node.dataset.operation,
      risk: node.dataset.risk.split(' '),
      words: null,
    };
    unit.objects.push(object);
    return object;
  });
  const links = new Map(all('.tree a').map((link) => [link.hash.slice(1), link.closest('li')]));

  // Read once, when somebody first asks for a text.
  const words = (object) => {
    object.words ??= [object.unit.environment.querySelector('h3'), object.unit.node.querySelector('summary'), object.node]
      .map((node) => node.textContent).join('\n').toLowerCase();
    return object.words;
  };

  const filters = all('input[data-filter]');
  const one = $('environment');
  const chosen = (name) => filters.filter((box) => box.dataset.filter === name && box.checked).map((box) => box.value);

  const apply = () => {
    const environment = one && one.value ? [one.value] : chosen('environment');
    const operation = chosen('operation');
    const risk = chosen('risk');
    const terms = $('text').value.toLowerCase().split(/\s+/).filter(Boolean);
    const active = environment.length + operation.length + risk.length + terms.length > 0;
    let shown = 0;
    for (const object of objects) {
      const fits = (!environment.length || environment.includes(object.environment))
        && (!operation.length || operation.includes(object.operation))
        && (!risk.length || risk.some((value) => object.risk.includes(value)))
        && terms.every((term) => words(object).includes(term));
      object.node.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const unit of units) {
      const here = unit.objects.some((object) => !object.node.hidden);
      unit.node.hidden = active && !here;
      const link = links.get(unit.node.id);
      if (link) link.hidden = unit.node.hidden;
    }
    for (const node of environments) {
      node.hidden = active && !units.some((unit) => unit.environment === node && !unit.node.hidden);
      const link = links.get(node.id);
      if (link) link.hidden = node.hidden;
    }
    $('nothing').hidden = shown > 0 || !active;
    $('clear').hidden = !active;
    const total = objects.length.toLocaleString('en');
    $('shown').textContent = active ? shown.toLocaleString('en') + ' of ' + total + ' objects' : total + (objects.length === 1 ? ' object' : ' objects');
  };

  const clear = () => {
    for (const box of filters) box.checked = false;
    if (one) one.value = '';
    $('text').value = '';
    apply();
  };

  const fold = (open) => {
    for (const object of objects) if (!object.node.hidden) object.node.open = open;
  };

  // What an address names is opened and shown, even where a filter hides it.
  const reveal = () => {
    const target = location.hash.length > 1 && $(location.hash.slice(1));
    if (!target) return;
    if (target.closest('[hidden]')) clear();
    for (let node = target; node; node = node.parentElement) if (node.tagName === 'DETAILS') node.open = true;
    target.scrollIntoView();
  };

  let current = -1;
  const step = (by, fits) => {
    const focused = objects.findIndex((object) => object.node.contains(document.activeElement));
    let at = focused >= 0 ? focused : current;
    if (at < 0 && by < 0) at = objects.length;
    for (at += by; at >= 0 && at < objects.length; at += by) {
      const object = objects[at];
      if (object.node.hidden || !fits(object)) continue;
      object.unit.node.open = true;
      current = at;
      object.summary.focus({ preventScroll: true });
      object.node.scrollIntoView({ block: 'start' });
      return;
    }
  };
  const any = () => true;
  const danger = (object) => object.node.classList.contains('danger');

  const help = $('help');
  const keys = {
    j: () => step(1, any),
    k: () => step(-1, any),
    n: () => step(1, danger),
    p: () => step(-1, danger),
    o: () => fold(true),
    c: () => fold(false),
    v: nextView,
    t: nextTheme,
    x: clear,
    '/': () => $('text').focus(),
    '?': () => help.showModal(),
  };
  const typed = ['INPUT', 'SELECT', 'TEXTAREA'];
  document.addEventListener('keydown', (event) => {
    const field = event.target instanceof HTMLInputElement && event.target.type === 'search';
    if (event.key === 'Escape' && field) {
      event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || !$('keys-on').checked) return;
    const toggle = event.target instanceof HTMLInputElement && ['radio', 'checkbox'].includes(event.target.type);
    if (typed.includes(event.target.tagName) && !toggle) return;
    const act = Object.hasOwn(keys, event.key) && keys[event.key];
    if (!act || (objects.length === 0 && !['t', '?'].includes(event.key))) return;
    event.preventDefault();
    act();
  });

  for (const node of all('.tools')) node.hidden = false;
  setTheme(themes.includes(kept('theme')) ? kept('theme') : 'auto');
  $('theme').addEventListener('click', nextTheme);
  $('keys').addEventListener('click', () => help.showModal());
  $('help-close').addEventListener('click', () => help.close());
  $('keys-on').checked = kept('keys') !== 'off';
  $('keys-on').addEventListener('change', (event) => keep('keys', event.target.checked ? 'on' : 'off'));
  if (matchMedia('(max-width: 60rem)').matches) for (const drawer of all('.drawer')) drawer.open = false;

  if (document.querySelector('.controls')) {
    for (const node of all('.scripted')) node.hidden = false;
    if (views.some((view) => view.value === kept('view'))) setView(kept('view'));
    for (const view of views) view.addEventListener('change', () => setView(view.value));
    for (const box of filters) box.addEventListener('change', apply);
    if (one) one.addEventListener('change', apply);
    let waiting;
    $('text').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
    $('open').addEventListener('click', () => fold(true));
    $('close').addEventListener('click', () => fold(false));
    $('clear').addEventListener('click', clear);
    // Browsers keep the state of fields over a reload.
    apply();
  }

  let folded = [];
  addEventListener('beforeprint', () => {
    folded = objects.filter((object) => !object.node.hidden && !object.node.open);
    for (const object of folded) object.node.open = true;
  });
  addEventListener('afterprint', () => { for (const object of folded) object.node.open = false; });
  addEventListener('hashchange', reveal);
  reveal();
})();
