/** A hub as `npm start` runs it, for the pages to talk to: a process of its own, on loopback, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** Made before the tests. */
const hubMain = fileURLToPath(new URL("../../server/bundle/main.js", import.meta.url))
const commandMain = fileURLToPath(new URL("../../cli/bundle/main.js", import.meta.url))
/** A busy machine starts slowly; this only guards against hanging. */
const startMsMax = 60_000
const commandMsMax = 60_000

export const password = "correct horse battery staple"

export interface HubWorld {
  readonly url: string
  readonly folder: string
  readonly peer: string
  /** Of the first account, as standard output shows it; empty where there is one already. */
  readonly setupToken: () => string
  /** Asks in the name of whoever holds the data folder. */
  readonly door: <A = unknown>(method: string, path: string, body?: unknown) => Promise<A>
  /** Runs the command line with these arguments; its standard output. */
  readonly command: (...args: ReadonlyArray<string>) => Promise<string>
  /** Starts it, and leaves it running until the end. */
  readonly background: (...args: ReadonlyArray<string>) => Running
  readonly pathIn: (name: string) => string
  /** Ends the process as a crash would; `restart` begins another on the same folder and port. */
  readonly kill: () => Promise<void>
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

export interface Running {
  readonly child: ChildProcess
  readonly said: (pattern: RegExp) => Promise<RegExpExecArray>
}

const watch = (child: ChildProcess): Running => {
  let text = ""
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (more: string) => (text += more))
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const began = performance.now()
    for (;;) {
      const found = pattern.exec(text)
      if (found !== null) return found
      if (performance.now() - began > startMsMax) throw new Error(`${pattern} was not said, but: ${text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return { child, said }
}

const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", resolve))

/** With further environment, such as `SYNCLINE_POLICY`. */
export const openHubWorld = async (more: Record<string, string> = {}): Promise<HubWorld> => {
  const root = mkdtempSync(join(tmpdir(), "syncline-admin-"))
  const folder = join(root, "hub")
  const children: Array<ChildProcess> = []
  const run = (main: string, args: ReadonlyArray<string>, env: Record<string, string> = {}): Running => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: root,
      env: { PATH: process.env["PATH"], HOME: root, ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    children.push(child)
    return watch(child)
  }
  const begin = (port: string): Running =>
    run(hubMain, [], {
      SYNCLINE_PORT: port,
      SYNCLINE_DATA: folder,
      SYNCLINE_LOG_LEVEL: "error",
      SYNCLINE_BACKUP_FOLDER: join(root, "backups"),
      SYNCLINE_BACKUP_EVERY_HOURS: "0",
      ...more
    })
  let hub = begin("0")
  const [, url] = await hub.said(/address +(\S+)/)
  const [, peer] = await hub.said(/peer id +(\S+)/)
  const [, token] = await hub.said(/setup token +(\S+)/)
  const command = async (...args: ReadonlyArray<string>): Promise<string> => {
    const child = spawn(process.execPath, [commandMain, ...args], {
      cwd: root,
      env: { PATH: process.env["PATH"], HOME: root },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: commandMsMax
    })
    let [out, err] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text))
    const code = await new Promise((resolve) => child.once("close", resolve))
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${String(code)}: ${err}`)
    return out
  }
  const world: HubWorld = {
    url: url!,
    folder,
    peer: peer!,
    setupToken: () => token!,
    door: (method, path, body) => askDoor(url!, folder, method, path, body),
    command,
    background: (...args) => run(commandMain, args),
    pathIn: (name) => join(root, name),
    kill: async () => {
      hub.child.kill("SIGKILL")
      await ended(hub.child)
    },
    restart: async () => {
      hub = begin(new URL(url!).port)
      await hub.said(/address +(\S+)/)
    },
    stop: async () => {
      for (const child of children) child.kill("SIGTERM")
      await Promise.all(children.map(ended))
      rmSync(root, { recursive: true, force: true })
    }
  }
  return world
}

const askDoor = async <A>(url: string, folder: string, method: string, path: string, body: unknown): Promise<A> => {
  const { token } = JSON.parse(readFileSync(join(folder, "local-door.json"), "utf8")) as { readonly token: string }
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000)
  })
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
  return (answer.status === 204 ? undefined : await answer.json()) as A
}
