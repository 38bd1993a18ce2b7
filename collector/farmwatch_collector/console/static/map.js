// Draws what the section "Place" says as a table. Our own file, run after Leaflet's; data stands in the page.
(function () {
  "use strict";
  const EARTH_KM = 6371.0088, DEGREE = Math.PI / 180, POINTS = 180;
  const box = document.getElementById("place-map");
  if (!box || typeof L === "undefined") return;
  const data = JSON.parse(box.dataset.place);

  // Points at a distance from a centre, all around: a circle on the globe, whatever the projection makes of it.
  function ring(at, km) {
    const latitude = at[0] * DEGREE, longitude = at[1] * DEGREE, angle = km / EARTH_KM, found = [];
    for (let step = 0; step <= POINTS; step++) {
      const bearing = 2 * Math.PI * step / POINTS;
      const sine = Math.sin(latitude) * Math.cos(angle) + Math.cos(latitude) * Math.sin(angle) * Math.cos(bearing);
      const there = Math.asin(Math.max(-1, Math.min(1, sine)));
      const east = Math.atan2(Math.sin(bearing) * Math.sin(angle) * Math.cos(latitude),
        Math.cos(angle) - Math.sin(latitude) * sine);
      found.push([there / DEGREE, ((longitude + east) / DEGREE + 540) % 360 - 180]);
    }
    return found;
  }

  // A line that leaves the map on one side comes in again on the other.
  function pieces(points) {
    const found = [[]];
    points.forEach(function (point, index) {
      if (index && Math.abs(point[1] - points[index - 1][1]) > 180) found.push([]);
      found[found.length - 1].push(point);
    });
    return found.filter(function (piece) { return piece.length > 1; });
  }

  // A country that reaches over the date line is drawn at either rim, and not across the whole map.
  function unwrapped(rings) {
    let over = false;
    const whole = rings.map(function (ring) {
      let shift = 0;
      return ring.map(function (point, index) {
        const step = index ? point[0] - ring[index - 1][0] : 0;
        if (Math.abs(step) > 180) { shift -= 360 * Math.sign(step); over = true; }
        return [point[0] + shift, point[1]];
      });
    });
    if (!over) return [whole];
    return [-360, 0, 360].map(function (by) {
      return whole.map(function (ring) { return ring.map(function (point) { return [point[0] + by, point[1]]; }); });
    });
  }

  // As an element, never as HTML: names of places are text.
  function told(layer, words) {
    const element = document.createElement("span");
    element.textContent = words;
    return layer.bindTooltip(element, { sticky: true });
  }

  box.hidden = false;
  const map = L.map(box, {
    crs: L.CRS.EPSG4326, attributionControl: false, scrollWheelZoom: false, zoomSnap: 0.25, minZoom: -1, maxZoom: 7,
    maxBounds: [[-90, -180], [90, 180]], maxBoundsViscosity: 1
  });
  const farthest = Math.PI * EARTH_KM / 2;  // a larger circle leaves out less than it takes in: only the table tells it
  const nearby = farthest / 2;  // of those that leave the claim in, only small ones say where
  const breaking = data.circles.filter(function (circle) { return circle.breaks; });
  const tightest = Math.min.apply(null, breaking.map(function (circle) { return circle.km; }));
  const seen = [];
  data.circles.forEach(function (circle) {
    const name = circle.breaks ? "circle breaks" : "circle";
    if (circle.km < (circle.breaks ? farthest : nearby)) {
      const line = L.polyline(pieces(ring(circle.at, circle.km)), { className: name, weight: circle.breaks ? 2 : 1 });
      told(line, circle.words).addTo(map);
    }
    told(L.circleMarker(circle.at, { className: "landmark " + name, radius: 3 }), circle.words).addTo(map);
    if (circle.breaks && circle.km === tightest) seen.push.apply(seen, ring(circle.at, circle.km));
  });
  [["estimate", data.estimate], ["claim", data.claim]].forEach(function (each) {
    const spot = each[1];
    if (!spot) return;
    if (spot.km > 0 && spot.km < farthest) {
      told(L.polyline(pieces(ring(spot.at, spot.km)), { className: each[0], weight: 2 }), spot.words).addTo(map);
    }
    told(L.circleMarker(spot.at, { className: "spot " + each[0], radius: 6 }), spot.words).addTo(map);
    seen.push(spot.at);
  });
  // Of many devices: marks alone, larger where more are.
  (data.spots || []).forEach(function (spot) {
    const radius = Math.min(18, 5 + 2 * Math.log2(spot.count));
    told(L.circleMarker(spot.at, { className: "spot " + spot.kind, radius: radius }), spot.words).addTo(map);
    seen.push(spot.at);
  });
  const whole = L.latLngBounds([[-58, -180], [78, 180]]);
  map.fitBounds(seen.length > 1 ? L.latLngBounds(seen).pad(0.15) : whole, { animate: false, maxZoom: 4 });

  fetch(box.dataset.outlines).then(function (answer) { return answer.json(); }).then(function (outlines) {
    outlines.features.forEach(function (country) {
      const shape = country.geometry, polygons = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
      country.geometry = { type: "MultiPolygon", coordinates: [].concat.apply([], polygons.map(unwrapped)) };
    });
    L.geoJSON(outlines, { interactive: false, className: "outline", weight: 0.7 }).addTo(map).bringToBack();
  });
}());
