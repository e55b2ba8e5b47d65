// Routes on a town map, for staff: lines along the streets, stops, held stops marked, and, when a plan
// changes, the way it was before as a faint dashed line.
//
// data-routes: [{"key", "label", "colour": 1-6, "points": [{"lat","lon","kind": "depot"|"booked"|"held","label"}]}]

import { Streets } from "./map-streets.js";

const state = new WeakMap(); // town map -> {layer, ghosts, routes, streets}

export async function drawRoutes(town, routes) {
  const { L, map } = town;
  const before = state.get(town);
  const now = { layer: L.layerGroup(), streets: before?.streets ?? new Streets(town.streets), paths: new Map() };
  const changed = [];
  for (const route of routes) {
    const path = pathOf(route, now.streets);
    const sign = JSON.stringify(route.points);
    now.paths.set(route.key, { path, sign });
    const old = before?.paths.get(route.key);
    if (old && old.sign !== sign) changed.push(old.path);
    line(town, route, path, old && old.sign !== sign).addTo(now.layer);
  }
  now.ghosts = changed.length || !before ? L.layerGroup(changed.map((path) => ghost(town, path))) : before.ghosts;
  if (before && before.ghosts !== now.ghosts) before.ghosts.remove();
  before?.layer.remove();
  now.ghosts.addTo(map);
  now.layer.addTo(map);
  for (const route of routes) route.points.forEach((point, index) => stop(town, route, point, index)?.addTo(now.layer));
  state.set(town, now);
  if (!before) frame(town, routes);
}

function pathOf(route, streets) {
  const points = route.points.map(({ lat, lon }) => [lat, lon]);
  return points.flatMap((to, index) => (index ? streets.between(points[index - 1], to) : [to]));
}

function line(town, route, path, changed) {
  return town.L.polyline(path, {
    color: town.token(`--route-${route.colour}`), weight: changed ? 6 : 3.5, opacity: changed ? 1 : 0.85, interactive: false,
  });
}

function ghost(town, path) {
  return town.L.polyline(path, { color: town.token("--ink-2"), weight: 2.5, opacity: 0.8, dashArray: "3 7", interactive: false });
}

function stop(town, route, point, index) {
  const { L } = town;
  if (point.kind === "depot") return null;
  if (point.kind === "held") {
    const icon = L.divIcon({ className: "map-held", iconSize: null, html: '<span class="map-held__dot"></span><span class="map-held__word"></span>' });
    const marker = L.marker([point.lat, point.lon], { icon, keyboard: false, interactive: false, zIndexOffset: 500 });
    marker.on("add", () => { marker.getElement().querySelector(".map-held__word").textContent = point.label; });
    return marker;
  }
  return L.circleMarker([point.lat, point.lon], {
    radius: 5, weight: 2, color: town.token(`--route-${route.colour}`), fillColor: town.token("--card"), fillOpacity: 1,
  }).bindTooltip(`${index}. ${point.label}`);
}

// All stops, not the depot, which may lie far out of town.
function frame(town, routes) {
  const stops = routes.flatMap((route) => route.points.filter((point) => point.kind !== "depot"));
  if (stops.length) town.map.fitBounds(town.L.latLngBounds(stops.map(({ lat, lon }) => [lat, lon])), { padding: [24, 24] });
}
