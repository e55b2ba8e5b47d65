// Shortest ways along the streets that the map draws, for the eye only: a plan's metres and minutes are its own.

const DRIVEN = new Set(["main", "street", "lane"]);
const EAST = Math.cos((60.17 * Math.PI) / 180);

export class Streets {
  constructor(collection) {
    this.nodes = new Map(); // "lat,lon" -> {at, roads: [{to, length, line}]}
    for (const { properties, geometry } of collection?.features ?? []) {
      if (DRIVEN.has(properties.class)) this.add(geometry.coordinates.map(([lon, lat]) => [lat, lon]));
    }
    this.keepLargestPart();
    this.bounds = collection?.bbox;
  }

  add(line) {
    const [first, last] = [this.node(line[0]), this.node(line.at(-1))];
    const length = line.reduce((sum, at, index) => (index ? sum + apart(line[index - 1], at) : 0), 0);
    first.roads.push({ to: last, length, line });
    last.roads.push({ to: first, length, line: line.toReversed() });
  }

  node(at) {
    const key = at.join();
    if (!this.nodes.has(key)) this.nodes.set(key, { at, roads: [] });
    return this.nodes.get(key);
  }

  keepLargestPart() {
    const seen = new Set();
    this.part = [];
    for (const start of this.nodes.values()) {
      if (seen.has(start)) continue;
      const part = [start];
      seen.add(start);
      for (const node of part) {
        for (const { to } of node.roads) if (!seen.has(to)) { seen.add(to); part.push(to); }
      }
      if (part.length > this.part.length) this.part = part;
    }
  }

  // The points of the way from one place to another, the first left out; straight where no street is known.
  between(from, to) {
    if (!this.inside(from) || !this.inside(to)) return [to];
    const way = this.way(this.nearest(from), this.nearest(to));
    return [...way, to];
  }

  inside([lat, lon]) {
    return this.bounds && lon >= this.bounds[0] && lat >= this.bounds[1] && lon <= this.bounds[2] && lat <= this.bounds[3];
  }

  nearest(place) {
    return this.part.reduce((best, node) => (apart(node.at, place) < apart(best.at, place) ? node : best));
  }

  way(start, goal) {
    const best = new Map([[start, 0]]);
    const came = new Map();
    const done = new Set();
    const queue = [[0, start]];
    while (queue.length) {
      const [, node] = pop(queue);
      if (node === goal) break;
      if (done.has(node)) continue;
      done.add(node);
      for (const road of node.roads) {
        const length = best.get(node) + road.length;
        if (length >= (best.get(road.to) ?? Infinity)) continue;
        best.set(road.to, length);
        came.set(road.to, { node, line: road.line });
        push(queue, [length + apart(road.to.at, goal.at), road.to]);
      }
    }
    const lines = [];
    for (let node = goal; came.has(node) && node !== start; node = came.get(node).node) lines.unshift(came.get(node).line);
    return lines.flat();
  }
}

// In degrees of latitude: enough to compare.
function apart([lat, lon], [otherLat, otherLon]) {
  return Math.hypot(lat - otherLat, (lon - otherLon) * EAST);
}

function push(heap, item) {
  let at = heap.push(item) - 1;
  while (at && heap[(at - 1) >> 1][0] > heap[at][0]) {
    const up = (at - 1) >> 1;
    [heap[at], heap[up]] = [heap[up], heap[at]];
    at = up;
  }
}

function pop(heap) {
  const top = heap[0];
  const last = heap.pop();
  if (!heap.length) return top;
  heap[0] = last;
  for (let at = 0; ; ) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    let least = at;
    if (left < heap.length && heap[left][0] < heap[least][0]) least = left;
    if (right < heap.length && heap[right][0] < heap[least][0]) least = right;
    if (least === at) return top;
    [heap[at], heap[least]] = [heap[least], heap[at]];
    at = least;
  }
}
