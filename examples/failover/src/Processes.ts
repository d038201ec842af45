/**
 * The processes of the story: the hub as its operators run it, Google Drive, devices, and the command line that looks at one. Each is
 * told something and answers on its standard output. What they do to each other the story says.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { DeviceOrder, DeviceWord } from "./device.ts"
import type { DriveLogin } from "./drive.ts"

const hubMain = fileURLToPath(new URL("../../../apps/server/src/main.ts", import.meta.url))
const cliMain = fileURLToPath(new URL("../../../apps/cli/src/main.ts", import.meta.url))
const driveMain = fileURLToPath(new URL("./drive.ts", import.meta.url))
const deviceMain = fileURLToPath(new URL("./device.ts", import.meta.url))

/** Ends a process and waits for that. */
export const end = async (child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill(signal)
  await ended
}

/** Waits until something is so, and says how long that took, in milliseconds; throws once it took `msMax`. */
export const until = async (what: string, msMax: number, isSo: () => boolean | Promise<boolean>): Promise<number> => {
  const begunMs = Date.now()
  while (!(await isSo())) {
    if (Date.now() - begunMs > msMax) throw new Error(`${what} took longer than ${msMax} ms`)
    await setTimeout(50)
  }
  return Date.now() - begunMs
}

/** Starts the hub and waits until it answers. */
export const startHub = async (data: string, port: number): Promise<ChildProcess> => {
  const env = { SYNCLINE_DATA: data, SYNCLINE_PORT: String(port), SYNCLINE_LOG_LEVEL: "silent" }
  const child = spawn(process.execPath, [hubMain], { env, stdio: "ignore" })
  const isReady = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => ok,
      () => false
    )
  await until("the start of the hub", 30_000, isReady)
  return child
}

export interface Drive {
  readonly child: ChildProcess
  /** One for each device. */
  readonly logins: ReadonlyArray<DriveLogin>
}

/** Starts Google Drive and waits until it says where it is. */
export const startDrive = async (): Promise<Drive> => {
  const child = spawn(process.execPath, [driveMain], { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string]
  return { child, logins: JSON.parse(line) as ReadonlyArray<DriveLogin> }
}

/** What `syncline status` says of a device's ways, beside its running process. */
export const roadsOf = async (data: string): Promise<ReadonlyArray<string>> => {
  const child = spawn(process.execPath, [cliMain, "status", "--data", data], { stdio: ["ignore", "pipe", "inherit"] })
  const lines: Array<string> = []
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line))
  await once(child, "close")
  return lines.filter((line) => /^(Link|Road|Changed):/.test(line))
}

type Seen = Extract<DeviceWord, { readonly word: "seen" }>

/** A device as the story has it. */
export interface Device {
  readonly child: ChildProcess
  readonly put: (id: string, text: string) => Promise<void>
  readonly look: () => Promise<Seen>
}

/** Starts a device; `onRoad` hears when it takes another road. */
export const startDevice = async (
  order: DeviceOrder,
  onRoad: (to: string, because: string) => void
): Promise<Device> => {
  const child = spawn(process.execPath, [deviceMain, JSON.stringify(order)], { stdio: ["pipe", "pipe", "inherit"] })
  const answers: Array<(word: DeviceWord) => void> = []
  createInterface({ input: child.stdout }).on("line", (line) => {
    const word = JSON.parse(line) as DeviceWord
    if (word.word === "road") onRoad(word.to, word.because)
    else answers.shift()?.(word)
  })
  const answer = (): Promise<DeviceWord> => new Promise((resolve) => answers.push(resolve))
  const ask = (line: string): Promise<DeviceWord> => {
    const answered = answer()
    child.stdin.write(`${line}\n`)
    return answered
  }
  await answer()
  return {
    child,
    put: async (id, text) => void (await ask(`put ${id} ${text}`)),
    look: async () => (await ask("look")) as Seen
  }
}
