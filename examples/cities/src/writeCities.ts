/**
 * Writes the cities as files for `syncline import`: `cities.ndjson`, one record a line, and `cities.json`, one array.
 * Usage: `node src/writeCities.ts [folder]`, default the present folder.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as CityList from "./CityList.ts"

const folder = process.argv[2] ?? "."
const lines = CityList.load().map((each) => JSON.stringify(each))
const write = (name: string, text: string): void => {
  const file = join(folder, name)
  writeFileSync(file, text)
  console.log(`${file}: ${lines.length} cities, ${(Buffer.byteLength(text) / 1e6).toFixed(1)} MB`)
}

write("cities.ndjson", `${lines.join("\n")}\n`)
write("cities.json", `[${lines.join(",\n")}]\n`)
