/**
 * The hub as its operators run it: a process of its own on a free port, with its output collected. Everything started
 * here is ended, and every folder removed, when the test is over.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { createNode, DeviceKeyFile, Entity, type NodeOptions, Schema } from "@syncline/node"
import { personal } from "@syncline/policy"
import { socketIo } from "@syncline/transport-socketio"
import { Effect } from "effect"
import { onTestFinished } from "vitest"

/** As `npm start` runs it; made before the tests. */
const main = fileURLToPath(new URL("../bundle/main.js", import.meta.url))

export interface HubProcess {
  readonly child: ChildProcess
  readonly url: string
  readonly peer: string
  readonly out: () => string
  readonly log: () => string
  /** Resolves with the exit code and how long it took from now. */
  readonly ended: () => Promise<{ readonly code: number | null; readonly ms: number }>
}

export interface HubStart {
  readonly data: string
  readonly env?: Readonly<Record<string, string>>
}

export const temporaryFolder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "syncline-hub-"))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

interface Running {
  readonly child: ChildProcess
  readonly out: () => string
  readonly log: () => string
  readonly ended: Promise<number | null>
}

type OnEnd = (end: () => void) => void

const run = ({ data, env }: HubStart, onEnd: OnEnd = onTestFinished): Running => {
  const child = spawn(process.execPath, [main], {
    cwd: tmpdir(),
    env: { ...process.env, SYNCLINE_DATA: data, SYNCLINE_PORT: "0", SYNCLINE_LOG_LEVEL: "info", ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  onEnd(() => void child.kill("SIGKILL"))
  const texts = { out: "", log: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.log += text))
  const ended = once(child, "close").then(([code]) => code as number | null)
  return { child, out: () => texts.out, log: () => texts.log, ended }
}

/** Starts a hub and waits until it says that it runs. */
export const startHub = (start: HubStart): Promise<HubProcess> => runHub(start)

/** The same for a test that runs beside others, which says by itself when it is over. */
export const runHub = async (start: HubStart, onEnd?: OnEnd): Promise<HubProcess> => {
  const { child, ended, log, out } = run(start, onEnd)
  await until(() => out().includes("<device id>") || child.exitCode !== null, 15_000)
  const word = (label: string): string => new RegExp(`${label} +(\\S+)`).exec(out())?.[1] ?? ""
  if (child.exitCode !== null) throw new Error(`the hub ended with ${child.exitCode}: ${log()}`)
  return {
    child,
    url: word("address"),
    peer: word("peer id"),
    out,
    log,
    ended: async () => {
      const began = Date.now()
      return { code: await ended, ms: Date.now() - began }
    }
  }
}

/** Starts a hub that is expected to end by itself. */
export const failHub = async (start: HubStart) => {
  const { ended, log, out } = run(start)
  return { code: await ended, out: out(), log: log() }
}

export const until = async (isSo: () => boolean | Promise<boolean>, msMax: number, everyMs = 20): Promise<number> => {
  const began = Date.now()
  while (!(await isSo())) {
    if (Date.now() - began > msMax) throw new Error(`not so within ${msMax} ms: ${isSo.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return Date.now() - began
}

/** The value of one line of `/metrics`; 0 when it is not there. */
export const metric = async (hub: HubProcess, line: string): Promise<number> => {
  const text = await (await fetch(`${hub.url}/metrics`)).text()
  const found = text.split("\n").find((each) => each.startsWith(`${line} `))
  return found === undefined ? 0 : Number(found.slice(line.length + 1))
}

export const Task = Entity.make("task", { title: Entity.lww(Schema.String), votes: Entity.counter })

/** A device's folder and the peer id that it has. */
export const device = (): { readonly store: string; readonly peer: string } => {
  const store = temporaryFolder()
  return { store, peer: DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store))).peer }
}

/** Opens a device that dials the hub, and closes it with the test. */
export const openDevice = (store: string, hub: Pick<HubProcess, "url" | "peer">) => openWith(store, hub, { task: Task })

/** The same with entities of the test's own. */
export const openWith = async <const E extends { readonly [key: string]: Entity.EntityType }>(
  store: string,
  hub: Pick<HubProcess, "url" | "peer">,
  entities: NodeOptions<E>["entities"]
) => {
  const node = await createNode<E>({
    space: "home",
    store,
    entities,
    policy: personal({ trusted: [hub.peer] }),
    transports: [socketIo()],
    routes: [{ address: hub.url, peer: hub.peer }],
    retryMsMin: 200,
    retryMsMax: 500
  })
  onTestFinished(() => node.close())
  return node
}
