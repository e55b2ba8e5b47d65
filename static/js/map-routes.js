// Routes on a town map, for staff: lines along the streets, stops, and held stops marked. Where a stop is
// held, the way the van would take without it is a faint dashed line: one sees how it bends the route.
//
// data-routes: [{"key", "label", "colour": 1-6, "points": [{"lat","lon","kind": "depot"|"booked"|"held","label"}]}]

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
    line(town, route, pathOf(route.points, now.streets), bent(route), routes.some(bent)).addTo(now.layer);
  }
  for (const route of routes) route.points.forEach((point, index) => stop(town, route, point, index)?.addTo(now.layer));
  before?.layer.remove();
  now.layer.addTo(town.map);
  state.set(town, now);
  if (!before || !before.keys.some((key) => now.keys.includes(key))) frame(town, routes);
}

function pathOf(route, streets) {
  const points = route.map(({ lat, lon }) => [lat, lon]);
  return points.flatMap((to, index) => (index ? streets.between(points[index - 1], to) : [to]));
}

function line(town, route, path, isBent, otherIs) {
  return town.L.polyline(path, {
    color: town.token(`--route-${route.colour}`), weight: isBent ? 6 : 3, opacity: isBent ? 1 : otherIs ? 0.35 : 0.85, interactive: false,
  });
}

function ghost(town, path) {
  return town.L.polyline(path, { color: town.token("--ink"), weight: 3, opacity: 0.9, dashArray: "2 8", interactive: false });
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
