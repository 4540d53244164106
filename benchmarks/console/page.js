// Put into each page: what the measurements read of it. Moments are those of `performance.now()`.
(() => {
  const seen = { acted: 0, drawn: 0, longTasks: [] };
  for (const kind of ['keydown', 'pointerup']) {
    addEventListener(kind, () => { seen.acted = performance.now(); }, { capture: true });
  }
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.longTasks.push(task.duration);
  }).observe({ type: 'longtask', buffered: true });
  for (const call of ['stroke', 'fill', 'fillText']) {
    const real = CanvasRenderingContext2D.prototype[call];
    CanvasRenderingContext2D.prototype[call] = function (...given) {
      seen.drawn = performance.now();
      return real.apply(this, given);
    };
  }
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))));
  const firstRow = () => document.querySelector('tbody tr.ant-table-row')?.dataset.rowKey;
  // Once the first row is another than `before` and nothing is on its way.
  const rowsAfter = async (before) => {
    for (;;) {
      const now = await painted();
      const isBusy = document.querySelector('main [aria-busy=true], main .ant-skeleton-active') !== null;
      if (!isBusy && firstRow() !== undefined && firstRow() !== before) return now;
    }
  };
  const scripts = () =>
    performance
      .getEntriesByType('resource')
      .filter((one) => one.name.endsWith('.js'))
      .reduce((sum, one) => sum + one.encodedBodySize, 0);
  const forget = () => {
    performance.clearResourceTimings();
    seen.drawn = 0;
  };
  const answeredAt = (path) => {
    const found = performance.getEntriesByType('resource').filter((one) => one.name.includes(path));
    return found[found.length - 1]?.responseEnd ?? 0;
  };
  window.penstockBench = { seen, painted, firstRow, rowsAfter, scripts, answeredAt, forget };
})();
