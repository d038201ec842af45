// No module does work when it is imported: every public door of the workspace is opened in a Node of its own,
// which must end by itself, soon, without a word. A timer, socket or worker left behind would keep it alive.
import { spawn } from "node:child_process"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { exists, manifests, root } from "./repositoryTree.ts"

const IMPORT_MS_MAX = 5_000

const doors = manifests().flatMap(({ folder, name, exports }) =>
  Object.entries(exports)
    .filter(([, target]) => target !== null && exists(join(folder, target)))
    .map(([door]) => ({ folder, specifier: name + door.slice(1) }))
)

describe("public doors", () => {
  it.each(doors)(
    "$specifier opens without doing work",
    { timeout: 4 * IMPORT_MS_MAX },
    async ({ folder, specifier }) => {
      expect(await open(folder, specifier)).toEqual({ output: "", code: 0, timedOut: false })
    }
  )
})

interface Opened {
  readonly output: string
  readonly code: number | null
  readonly timedOut: boolean
}

const open = (folder: string, specifier: string): Promise<Opened> =>
  new Promise((resolve, reject) => {
    const script = `await import(${JSON.stringify(specifier)})`
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { cwd: join(root, folder) })
    let output = ""
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill("SIGKILL")
    }, IMPORT_MS_MAX)
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes: Buffer) => (output += bytes.toString()))
    child.once("error", reject)
    child.once("close", (code) => {
      clearTimeout(timer)
      resolve({ output, code, timedOut })
    })
  })
