// Routes on a town map, for staff: lines along the streets, stops, and held stops marked. Where a stop is
// held, the way the van would take without it is a faint dashed line: one sees how it bends the route.
//
// data-routes: [{"key", "label", "colour": 1-6, "van"?: {"lat","lon","label"},
//   "points": [{"lat","lon","kind": "depot"|"booked"|"point"|"held"|"rest"|"over","label"}]}]
// "over" is a stop that was served, or tried in vain; "van" is where the vehicle was seen last.
// A van that rests at the depot drives home and out again: a point of kind "depot" in between.

import { Streets } from "./map-streets.js";

const state = new WeakMap(); // town map -> {layer, keys, streets}

export async function drawRoutes(town, routes) {
  const before = state.get(town);
  const now = { layer: town.L.layerGroup(), keys: routes.map((route) => route.key), streets: before?.streets ?? new Streets(town.streets) };
  const bent = (route) => route.points.some((point) => point.kind === "held");
  for (const route of [...routes].sort((one, other) => bent(one) - bent(other))) {
    if (bent(route)) {
      const without = route.points.filter((point) => point.kind !== "held");
      ghost(town, pathOf(without, now.streets)).addTo(now.layer);
    }
    for (const leg of legsOf(route, now.streets)) line(town, route, leg, bent(route), routes.some(bent)).addTo(now.layer);
  }
  for (const route of routes) route.points.forEach((point) => stop(town, route, point)?.addTo(now.layer));
  for (const route of routes) if (route.van) van(town, route).addTo(now.layer);
  before?.layer.remove();
  now.layer.addTo(town.map);
  state.set(town, now);
  const held = routes.filter(bent).map((route) => route.key).join();
  const otherDay = !before || !before.keys.some((key) => now.keys.includes(key));
  if ("follow" in town.element.dataset && held !== (before?.held ?? "")) frame(town, held ? routes.filter(bent).map(around) : routes);
  else if (otherDay) frame(town, routes);
  now.held = held;
}

// The part of a bent route that one should see: what is held, and the stops before and after.
function around(route) {
  const near = (index) => [index - 1, index, index + 1].some((at) => route.points[at]?.kind === "held");
  return { points: route.points.filter((point, index) => near(index)) };
}

function pathOf(route, streets) {
  const points = route.map(({ lat, lon }) => [lat, lon]);
  return points.flatMap((to, index) => (index ? streets.between(points[index - 1], to) : [to]));
}

// The way between two places, and whether it lies in town. Out of town no streets are known.
function legsOf(route, streets) {
  const legs = [];
  let town = [];
  route.points.forEach((point, index) => {
    const from = route.points[index - 1];
    const at = [point.lat, point.lon];
    if (from && (from.kind === "depot" || point.kind === "depot")) legs.push({ path: [[from.lat, from.lon], at], far: true });
    else if (from) town.push(...streets.between([from.lat, from.lon], at));
    if (from?.kind !== "depot") return;
    if (town.length) legs.push({ path: town, far: false });
    town = [at];
  });
  return [...legs, { path: town, far: false }];
}

function line(town, route, { path, far }, isBent, otherIs) {
  const look = far ? { weight: 1.5, opacity: isBent ? 0.8 : 0.4 } : { weight: isBent ? 6 : 3, opacity: isBent || !otherIs ? 0.9 : 0.35 };
  return town.L.polyline(path, { color: town.token(`--route-${route.colour}`), interactive: false, ...look });
}

function ghost(town, path) {
  return town.L.polyline(path, { color: town.token("--ink"), weight: 3, opacity: 0.9, dashArray: "2 8", interactive: false });
}

function stop(town, route, point) {
  const { L } = town;
  if (point.kind === "depot") return null;
  if (point.kind === "held") {
    const icon = L.divIcon({ className: "map-held", iconSize: null, html: '<span class="map-held__dot"></span><span class="map-held__word"></span>' });
    const marker = L.marker([point.lat, point.lon], { icon, keyboard: false, interactive: false, zIndexOffset: 500 });
    marker.on("add", () => { marker.getElement().querySelector(".map-held__word").textContent = point.label; });
    return marker;
  }
  // Where nobody is served (any more) the dot is full.
  const fills = { rest: `--route-${route.colour}`, over: `--route-${route.colour}`, point: "--accent-soft" };
  const fill = fills[point.kind] || "--card";
  return L.circleMarker([point.lat, point.lon], {
    radius: 5, weight: 2, color: town.token(`--route-${route.colour}`), fillColor: town.token(fill), fillOpacity: 1,
  }).bindTooltip(point.label);
}

function van(town, route) {
  return town.L.circleMarker([route.van.lat, route.van.lon], {
    radius: 11, weight: 4, color: town.token("--card"), fillColor: town.token(`--route-${route.colour}`), fillOpacity: 1,
  }).bindTooltip(route.van.label, { permanent: true, direction: "top", offset: [0, -8] });
}

// All stops, not the depot, which may lie far out of town.
function frame(town, routes) {
  const stops = routes.flatMap((route) => route.points.filter((point) => point.kind !== "depot"));
  if (stops.length) town.map.fitBounds(town.L.latLngBounds(stops.map(({ lat, lon }) => [lat, lon])), { padding: [28, 28], maxZoom: 16.5 });
}
