// Before a package's tests: the programs that they start hundreds of times are put into a few files each.
import { commandLine, hub, journalThread, make, makePages } from "./bundle.mjs"

export async function setup() {
  await Promise.all([make(hub), make(commandLine), make(journalThread), makePages()])
}
