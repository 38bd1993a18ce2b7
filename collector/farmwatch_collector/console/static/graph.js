// Draws what the farm's tables say. Our own file, run after Cytoscape's; positions come from the collector.
(function () {
  "use strict";
  const box = document.getElementById("farm-graph"), told = document.getElementById("farm-graph-told");
  if (!box || typeof cytoscape === "undefined") return;
  // Cytoscape would write a <style> of its own, which the content policy refuses, unless an element of this name is
  // there; what it would say stands in farms.css.
  document.querySelector("link[rel=stylesheet]").id = "__________cytoscape_stylesheet";

  const LEVELS = { near_certain: "near-certain", urgent: "urgent", review: "review", watch: "watch", dim: "unjudged" };

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function style() {
    const font = getComputedStyle(document.body).fontFamily, small = { "font-family": font, "font-size": 10 };
    const rules = [
      { selector: "node", style: Object.assign({
        "background-color": token("unjudged"), "border-width": 1, "border-color": token("surface"), "label": "data(words)",
        "color": token("ink"), "text-valign": "bottom", "text-margin-y": 3, "min-zoomed-font-size": 7,
        "text-outline-color": token("surface"), "text-outline-width": 2, "width": 14, "height": 14
      }, small) },
      { selector: "node[kind = 'devices']", style: { "width": "data(size)", "height": "data(size)" } },
      { selector: "node[kind = 'value']", style: {
        "shape": "diamond", "width": 16, "height": 16, "background-color": token("ink"), "font-weight": 600, "font-size": 13,
        "text-outline-width": 3, "text-valign": "top", "text-margin-y": -3, "z-index": 2, "min-zoomed-font-size": 0
      } },
      { selector: "edge", style: { "curve-style": "haystack", "line-color": token("rule"), "width": "data(width)",
        "opacity": 0.7 } },
      { selector: ".near", style: {
        "line-color": token("link"), "border-color": token("link"), "border-width": 3, "opacity": 1, "z-index": 3 } },
      { selector: "node:active, edge:active", style: { "overlay-opacity": 0 } },
      { selector: "core", style: { "active-bg-opacity": 0 } }
    ];
    Object.keys(LEVELS).forEach(function (key) {
      rules.splice(1, 0, { selector: "node[key = '" + key + "'][kind != 'value']",
        style: { "background-color": token(LEVELS[key]) } });
    });
    return rules;
  }

  function elements(data) {
    const nodes = data.nodes.map(function (node) {
      return { group: "nodes", position: { x: node.at[0], y: node.at[1] }, data: {
        id: node.id, kind: node.kind, words: node.words, title: node.title, key: node.key || "", href: node.href || "",
        size: 14 + 6 * Math.log2(node.count || 1)
      } };
    });
    const lines = data.lines.map(function (line) {
      return { group: "edges", data: {
        id: line.device + line.value, source: line.device, target: line.value, width: 0.9 + line.bits / 5
      } };
    });
    return nodes.concat(lines);
  }

  fetch(box.dataset.graph).then(function (answer) { return answer.json(); }).then(function (data) {
    box.hidden = false;
    const graph = cytoscape({
      container: box, elements: elements(data), style: style(), layout: { name: "preset", fit: true, padding: 30 },
      autoungrabify: true, autounselectify: true, boxSelectionEnabled: false, userZoomingEnabled: false,
      minZoom: 0.1, maxZoom: 6
    });
    const devices = graph.nodes("[kind != 'value']").length, values = graph.nodes("[kind = 'value']").length;
    box.setAttribute("aria-label", "Graph of " + devices + " devices and " + values + " shared values, " +
      graph.edges().length + " lines; the tables below say the same");

    graph.on("mouseover tap", "node", function (event) {
      graph.elements(".near").removeClass("near");
      event.target.closedNeighborhood().addClass("near");
      told.textContent = event.target.data("title");
    });
    graph.on("tap", "node[href != '']", function (event) {
      window.location.assign(event.target.data("href"));
    });

    const tools = document.getElementById("farm-graph-tools");
    tools.hidden = false;
    tools.addEventListener("click", function (event) {
      const by = { nearer: 1.4, farther: 1 / 1.4 }[event.target.value];
      if (event.target.value === "whole") graph.fit(undefined, 30);
      if (by) graph.zoom({ level: graph.zoom() * by, renderedPosition: { x: graph.width() / 2, y: graph.height() / 2 } });
    });
    new ResizeObserver(function () { graph.resize(); graph.fit(undefined, 30); }).observe(box);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { graph.style(style()); });
  });
}());
