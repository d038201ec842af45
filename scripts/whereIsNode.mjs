// Tells toolchain.mjs which Node npx started and where its companions lie. Prints one line of JSON, does nothing else.
import { delimiter } from "node:path"

const path = process.env.PATH.split(delimiter)
console.log(JSON.stringify({ node: process.execPath, version: process.versions.node, path }))
