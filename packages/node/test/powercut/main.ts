/**
 * `npm run powercut`: the proof that what the journal acknowledged survives a power cut. It says what is missing where
 * it cannot run, gives the rig a folder and a mount namespace, hands signals on, and removes the folder in the end.
 */
import { spawn } from "node:child_process"
import { randomInt } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { missing, unshare } from "./requirements.ts"

const { values } = parseArgs({
  options: {
    cuts: { type: "string", default: "100" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    synchronous: { type: "string", default: "both" }
  }
})

const usage = (): string | undefined => {
  if (!/^[1-9]\d{0,5}$/.test(values.cuts)) return "--cuts is a number from 1 to 999999"
  if (!/^\d{1,10}$/.test(values.seed)) return "--seed is a whole number"
  if (!["full", "off", "both"].includes(values.synchronous)) return "--synchronous is full, off or both"
  return undefined
}

const main = async (): Promise<number> => {
  const wrong = usage()
  if (wrong !== undefined) {
    console.error(wrong)
    return 2
  }
  const lack = missing()
  if (lack !== undefined) {
    console.log(`Skipped: ${lack}`)
    return 0
  }
  const folder = mkdtempSync(join(tmpdir(), "syncline-powercut-"))
  const [command, ...args] = unshare
  const rig = [join(import.meta.dirname, "rig.ts"), folder, values.seed, values.cuts, values.synchronous]
  // Many processes load the same modules here; only the first compiles them.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") }
  const child = spawn(command, [...args, process.execPath, ...rig], { env, stdio: ["pipe", "inherit", "inherit"] })
  // A signal that comes twice, from the terminal and from here, is one to the rig.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal))
  try {
    const [code] = (await once(child, "close")) as [number | null]
    return code ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = await main()
