// Draws a map over every [data-map] once it comes into view. Leaflet and the map's data load only then.
//
// <div data-map data-lat data-lon data-label [data-movable] [data-areas='[{"lat","lon","radius_m"}]'] [data-zoom]
//   [data-points='[{"lat","lon","number","label"}]']>
//   data-movable: the pin can be dragged, or moved with the arrow keys; the fields `lat` and `lon` of the form
//   around the map, or of the page's [data-pin-form], follow, and the map fires "map:pin" {lat, lon}.
// <div data-routes-for="id of the map" data-routes="..."> beside it draws routes (staff; see map-routes.js).
// <p data-van-for="id of the map" data-lat data-lon [data-stale]> beside it draws a van (see map-van.js).
// The page's <script id="map-script"> says where things are: data-leaflet-js, -css, -vector or -tiles, -attribution.

const config = document.getElementById("map-script").dataset;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const drawn = new WeakMap(); // element -> Map
const WIDTH_M = { main: 17, street: 12, walk: 8, lane: 4 };
const EDGE_M = 2.5;

let leaflet;
let data;

function loadLeaflet() {
  leaflet ??= new Promise((resolve, reject) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: config.leafletCss });
    const script = Object.assign(document.createElement("script"), { src: config.leafletJs });
    const styled = new Promise((done) => { style.onload = style.onerror = done; });
    script.onload = () => styled.then(() => resolve(window.L));
    script.onerror = () => reject(new Error("Leaflet did not load"));
    // Ours comes after Leaflet's own, so that it wins.
    const ours = document.querySelector("link[href*='css/map']");
    document.head.insertBefore(style, ours);
    document.head.append(script);
  });
  return leaflet;
}

function loadStreets() {
  data ??= config.vector ? fetch(config.vector).then((reply) => reply.json()) : Promise.resolve(null);
  return data;
}

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function number(text, otherwise) {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : otherwise;
}

class TownMap {
  constructor(L, element, streets) {
    this.L = L;
    this.element = element;
    this.streets = streets;
    this.token = token;
    const canvas = document.createElement("div");
    canvas.className = "map__canvas";
    element.append(canvas);
    element.classList.add("map__frame--drawn");
    this.map = L.map(canvas, { zoomControl: false, attributionControl: false, minZoom: 11, maxZoom: 19, zoomSnap: 0.5, maxBoundsViscosity: 0.8 });
    canvas.setAttribute("role", "region");
    canvas.setAttribute("aria-label", element.dataset.label || config.label);
    L.control.zoom({ zoomInTitle: config.zoomIn, zoomOutTitle: config.zoomOut }).addTo(this.map);
    L.control.attribution({ prefix: false }).addAttribution(config.attribution).addTo(this.map);
    this.home = [number(element.dataset.lat, NaN), number(element.dataset.lon, NaN)];
    if (this.home.every(Number.isFinite)) this.show(streets?.bbox);
    else this.fit(streets?.bbox);
    this.ground();
    this.areas();
    this.points();
    if (this.home.every(Number.isFinite)) this.pin();
    // A frame that was hidden or turned has another size now.
    new ResizeObserver(() => this.map.invalidateSize({ pan: false })).observe(canvas);
  }

  show(bbox) {
    // Where the streets end there is nothing to see: the view stays inside.
    if (bbox && this.inside(bbox)) this.map.setMaxBounds([[bbox[1], bbox[0]], [bbox[3], bbox[2]]]);
    this.map.setView(this.home, number(this.element.dataset.zoom, 16.5));
  }

  inside([west, south, east, north]) {
    const [lat, lon] = this.home;
    return west <= lon && lon <= east && south <= lat && lat <= north;
  }

  fit(bbox) {
    if (bbox) this.map.fitBounds([[bbox[1], bbox[0]], [bbox[3], bbox[2]]]);
    else this.map.setView([60.17, 24.944], 14);
  }

  ground() {
    if (!this.streets) {
      this.L.tileLayer(config.tiles, { maxZoom: 19 }).addTo(this.map);
      return;
    }
    const { L, map } = this;
    const renderer = L.canvas({ padding: 0.3 });
    const layer = (filter, style) =>
      L.geoJSON(this.streets, { filter: (one) => filter(one.properties.class), style, renderer, interactive: false }).addTo(map);
    const isStreet = (name) => name in WIDTH_M;
    const layers = [
      layer((name) => !isStreet(name), (one) => this.area(one.properties.class)),
      layer(isStreet, (one) => this.street(one.properties.class, EDGE_M, "--map-street-edge")),
      layer(isStreet, (one) => this.street(one.properties.class, 0, "--map-street")),
    ];
    const restyle = () => layers.forEach((one) => one.setStyle(one.options.style));
    map.on("zoomend", restyle);
    dark.addEventListener("change", restyle);
  }

  area(name) {
    if (name === "rail") return { color: token("--map-street-edge"), weight: 1, dashArray: "4 3" };
    const token_ = { water: "--map-water", park: "--map-park", block: "--map-building", building: "--map-building" };
    const color = token(token_[name]);
    if (name === "building") return { stroke: true, color: token("--map-street-edge"), weight: 0.6, fillColor: color, fillOpacity: 1 };
    return { stroke: false, fillColor: color, fillOpacity: name === "block" ? 0.45 : 1 };
  }

  street(name, edge, colour) {
    const metresAPixel = (40075016 * Math.cos((60.17 * Math.PI) / 180)) / 2 ** (this.map.getZoom() + 8);
    const weight = Math.max((WIDTH_M[name] + edge) / metresAPixel, edge ? 1.6 : 0.8);
    return { color: token(colour), weight, lineCap: "round", lineJoin: "round" };
  }

  areas() {
    // Each stands for at least three households; who writes the page keeps to that.
    for (const one of JSON.parse(this.element.dataset.areas || "[]")) {
      this.L.circle([one.lat, one.lon], {
        radius: one.radius_m, className: "map-area", stroke: false, interactive: false,
        fillColor: token("--accent"), fillOpacity: 0.28,
      }).addTo(this.map);
    }
  }

  points() {
    // Numbered as in the list beside the map, which says all that there is to say of them.
    const found = JSON.parse(this.element.dataset.points || "[]");
    for (const one of found) {
      const icon = this.L.divIcon({ className: "map-point", html: String(Number(one.number)), iconSize: [32, 32], iconAnchor: [16, 16] });
      this.L.marker([one.lat, one.lon], { icon, keyboard: false, interactive: false, alt: one.label }).addTo(this.map);
    }
    if (!found.length) return;
    const home = this.home.every(Number.isFinite) ? [this.home] : [];
    this.map.setMaxBounds(null);
    this.map.fitBounds([...home, ...found.map((one) => [one.lat, one.lon])], { padding: [36, 36], maxZoom: 16.5 });
  }

  pin() {
    const movable = "movable" in this.element.dataset;
    const label = this.element.dataset.pinLabel || this.element.dataset.label || config.label;
    const icon = this.L.divIcon({ className: `map-pin${movable ? " map-pin--movable" : ""}`, html: HOUSE, iconSize: [40, 40], iconAnchor: [20, 20] });
    const marker = this.L.marker(this.home, {
      icon, draggable: movable, autoPan: movable, keyboard: movable, interactive: movable, alt: label,
    }).addTo(this.map);
    if (!movable) return;
    const pin = marker.getElement();
    pin.setAttribute("aria-label", `${label}. ${config.pinHelp}`);
    marker.on("moveend", () => this.moved(marker.getLatLng()));
    pin.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
      if (!steps) return;
      event.preventDefault();
      event.stopPropagation();
      const length = event.shiftKey ? 40 : 8;
      const at = this.map.latLngToContainerPoint(marker.getLatLng()).add([steps[0] * length, steps[1] * length]);
      marker.setLatLng(this.map.containerPointToLatLng(at));
      if (!this.map.getBounds().pad(-0.1).contains(marker.getLatLng())) this.map.panTo(marker.getLatLng());
      this.moved(marker.getLatLng());
    });
  }

  moved({ lat, lng }) {
    const form = this.element.closest("form") || document.querySelector("[data-pin-form]");
    const detail = { lat: lat.toFixed(6), lon: lng.toFixed(6) };
    for (const [name, value] of Object.entries(detail)) {
      const field = form?.elements[name];
      if (!field) continue;
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.element.dispatchEvent(new CustomEvent("map:pin", { bubbles: true, detail }));
  }
}

const HOUSE =
  '<svg viewBox="0 0 40 40" aria-hidden="true" focusable="false"><circle class="map-pin__disc" cx="20" cy="20" r="16"/>' +
  '<path class="map-pin__house" d="M20 12.2 11.6 19.4v8.2h16.8v-8.2z"/></svg>';

async function draw(element) {
  if (drawn.has(element) || !(config.vector || config.tiles)) return;
  drawn.set(element, null);
  try {
    const [L, streets] = await Promise.all([loadLeaflet(), loadStreets()]);
    drawn.set(element, new TownMap(L, element, streets));
    await Promise.all([routes(element), van(element)]);
  } catch (error) {
    // The sentence in the frame stays, and says the same in words.
    console.warn("The map does not show:", error);
  }
}

async function routes(element) {
  const town = drawn.get(element);
  const source = element.id && document.querySelector(`[data-routes-for="${element.id}"]`);
  if (!town || !source) return;
  const { drawRoutes } = await import("./map-routes.js");
  await drawRoutes(town, JSON.parse(source.dataset.routes));
}

async function van(element) {
  const town = drawn.get(element);
  const source = element.id && document.querySelector(`[data-van-for="${element.id}"]`);
  if (!town || !source) return;
  const { drawVan } = await import("./map-van.js");
  drawVan(town, source.dataset);
}

const whenSeen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    whenSeen.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "100px" });

function look(root) {
  for (const element of root.querySelectorAll("[data-map]")) {
    if (drawn.get(element)) {
      routes(element);
      van(element);
    } else whenSeen.observe(element);
  }
}

look(document);
document.addEventListener("htmx:afterSettle", () => look(document));
