// Where a van is, as its page says it: already rounded, so the disc around it says how far off it may be.

const VAN =
  '<svg viewBox="0 0 40 40" aria-hidden="true" focusable="false"><circle class="map-van__disc" cx="20" cy="20" r="17"/>' +
  '<path class="map-van__van" d="M9 14h13v12H9zM23.5 17h4.2l3.3 4.6V26h-7.5z"/><circle class="map-van__wheel" cx="14" cy="26.5" r="2.6"/><circle class="map-van__wheel" cx="26" cy="26.5" r="2.6"/></svg>';
const OFF_BY_M = 100;

const state = new WeakMap(); // town map -> {van, around}

export function drawVan(town, { lat, lon, stale }) {
  const at = [Number(lat), Number(lon)];
  if (!at.every(Number.isFinite)) return;
  const { L } = town;
  const before = state.get(town);
  const now = before ?? { van: L.marker(at, { icon: icon(L), keyboard: false, interactive: false, zIndexOffset: 600 }), around: L.circle(at, disc(town)) };
  if (before) {
    now.van.setLatLng(at);
    now.around.setLatLng(at);
  } else {
    now.around.addTo(town.map);
    now.van.addTo(town.map);
    state.set(town, now);
  }
  now.van.setOpacity(stale === undefined ? 1 : 0.55);
  frame(town, at, !before);
}

function icon(L) {
  return L.divIcon({ className: "map-van", html: VAN, iconSize: [40, 40], iconAnchor: [20, 20] });
}

function disc(town) {
  return { radius: OFF_BY_M, className: "map-area", stroke: false, interactive: false, fillColor: town.token("--accent"), fillOpacity: 0.18 };
}

// Both in view; afterwards the map moves only when the van has left what one sees.
function frame(town, at, first) {
  if (!first && town.map.getBounds().pad(-0.05).contains(at)) return;
  const home = town.home.every(Number.isFinite) ? [town.home] : [];
  town.map.setMaxBounds(null);
  town.map.fitBounds(town.L.latLngBounds([...home, at]).pad(0.05), { padding: [36, 36], maxZoom: 16, animate: false });
}
