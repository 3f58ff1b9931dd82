// Prints as JSON what a browser's HDF5 finds in a shard: node read.mjs SHARD
import { readFileSync } from "node:fs";
import h5wasm from "h5wasm";

const { FS } = await h5wasm.ready;
FS.writeFile("shard.h5", new Uint8Array(readFileSync(process.argv[2])));
const file = new h5wasm.File("shard.h5", "r");

const datasets = {};
function visit(group, prefix) {
  for (const name of group.keys()) {
    const item = group.get(name);
    const path = prefix + name;
    if (item instanceof h5wasm.Group) {
      visit(item, path + "/");
    } else {
      item.value; // every value is read, through the filters
      datasets[path] = item.shape;
    }
  }
}
visit(file, "");
const attribute = (name) => file.attrs[name].value;
console.log(JSON.stringify({
  datasets,
  signal: attribute("signal"),
  nexus_class: attribute("NX_class"),
  axes: attribute("axes"),
  scales: file.get("loss").get_attribute("DIMENSION_LIST") !== null,
  loss: Array.from(file.get(attribute("signal")).value),
  norm: Array.from(file.get("norm").value),
  onset_step: Array.from(file.get("transitions/onset_step").value),
}));
