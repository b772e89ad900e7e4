"use strict";
(async () => {
  const make = (tag, text, attributes = {}) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const spec = await (await fetch("/openapi.json")).json();
  document.getElementById("about").textContent = (spec.info.description || "").replace(/([^\n])\n(?!\n)/g, "$1 ");
  const index = document.getElementById("index");
  const main = document.getElementById("operations");
  main.replaceChildren();

  // A schema as an example-like outline; refs are followed, cycles cut.
  const outline = (schema, seen = []) => {
    if (!schema) return "any";
    if (schema.$ref) {
      const name = schema.$ref.split("/").pop();
      return seen.includes(name) ? name : outline(spec.components.schemas[name], [...seen, name]);
    }
    if (schema.oneOf) return schema.oneOf.map((one) => outline(one, seen));
    if (schema.properties) {
      const required = schema.required || [];
      return Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) =>
        [name + (required.includes(name) ? "" : "?"), outline(inner, seen)]));
    }
    if (schema.items) return [outline(schema.items, seen)];
    const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type || "any";
    if (schema.enum) return schema.enum.join(" | ");
    return type + (schema.format ? " (" + schema.format + ")" : "");
  };
  const shape = (title, content) => {
    const details = make("details");
    details.append(make("summary", title));
    for (const [type, media] of Object.entries(content || {})) {
      details.append(make("div", type, { class: "roles" }));
      details.append(make("pre", JSON.stringify(outline(media.schema), null, 2), { tabindex: "0" }));
    }
    return details;
  };
  const parameters = (list) => {
    const table = make("table");
    const head = make("tr");
    for (const title of ["parameter", "in", "type", ""]) head.append(make("th", title, { scope: "col" }));
    table.append(head);
    for (const one of list) {
      const row = make("tr");
      const type = outline(one.schema);
      row.append(make("td", one.name + (one.required ? "" : "?")), make("td", one.in),
        make("td", typeof type === "string" ? type : JSON.stringify(type)),
        make("td", one.description || (one.schema && one.schema.description) || ""));
      table.append(row);
    }
    return table;
  };

  const byTag = new Map();
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const [verb, operation] of Object.entries(item)) {
      if (!operation.operationId) continue;
      const tag = (operation.tags || ["other"])[0];
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push({ path, verb: verb.toUpperCase(), operation });
    }
  }
  const entries = [];
  const own = (tag) => (tag === "service" ? 1 : 0);
  for (const [tag, operations] of [...byTag].sort((a, b) => own(a[0]) - own(b[0]))) {
    const heading = make("li", tag, { class: "tag" });
    index.append(heading);
    for (const { path, verb, operation } of operations) {
      const article = make("article", "", { id: operation.operationId });
      const title = make("h2");
      title.append(make("span", verb, { class: "verb " + verb }), document.createTextNode(path));
      article.append(title, make("p", operation.summary));
      const roles = operation["x-roles"];
      article.append(make("p", roles ? "Roles: " + roles.join(", ") : "No token needed", { class: "roles" }));
      if (operation.parameters && operation.parameters.length) article.append(parameters(operation.parameters));
      if (operation.requestBody) article.append(shape("Body", operation.requestBody.content));
      for (const [status, response] of Object.entries(operation.responses || {})) {
        if (response.content) article.append(shape(status + " " + (response.description || ""), response.content));
        else article.append(make("p", status + " " + (response.description || ""), { class: "roles" }));
      }
      main.append(article);
      const link = make("a", "", { href: "#" + operation.operationId });
      link.append(make("span", verb, { class: "verb " + verb }), document.createTextNode(path.replace("/v1/", "")));
      const line = make("li");
      line.append(link);
      index.append(line);
      entries.push({ line, article, heading, text: [verb, path, operation.operationId, operation.summary, ...(roles || [])].join(" ").toLowerCase() });
    }
  }
  document.getElementById("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const entry of entries) {
      const visible = words.every((word) => entry.text.includes(word));
      entry.line.hidden = entry.article.hidden = !visible;
      if (visible) shown.add(entry.heading);
    }
    for (const entry of entries) entry.heading.hidden = !shown.has(entry.heading);
  });
})();
