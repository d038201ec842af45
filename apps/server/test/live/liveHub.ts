/** A hub in the test's own process, its people in browsers and listeners of its live events. Everything is closed with the test. */
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { AdminLive } from "@syncline/core/admin"
import { pino } from "pino"
import { onTestFinished } from "vitest"
import * as Hub from "../../src/Hub.ts"
import type { HubConfig } from "../../src/HubConfig.ts"
import { settingsOf } from "../gateways/gatewayHub.ts"
import { temporaryFolder } from "../hubProcess.ts"

const password = "correct horse battery"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, never>
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>

/** What somebody shows who calls. */
export type Shown = Readonly<Record<string, string>>

export interface Person {
  readonly ask: Ask
  readonly shown: Shown
}

export interface LiveHub {
  readonly url: string
  readonly peer: string
  readonly data: string
  /** By the token of the data folder. */
  readonly door: Person
  readonly by: (shown: Shown) => Person
  /** The first account, `ann`. */
  readonly owner: () => Promise<Person>
  /** A further account that the owner makes. */
  readonly join: (owner: Person, name: string, role: string, member?: string) => Promise<Person>
  readonly stop: () => Promise<void>
}

interface Door {
  readonly token: string
  readonly url: string
}

export const openLiveHub = async ({
  dataFolder = temporaryFolder(),
  ...more
}: Partial<HubConfig> = {}): Promise<LiveHub> => {
  const hub = await Hub.open(settingsOf(dataFolder, {}, more), pino({ level: "silent" }))
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= hub.stop())
  onTestFinished(stop)
  const { token, url } = JSON.parse(readFileSync(join(dataFolder, "local-door.json"), "utf8")) as Door
  const by = (shown: Shown): Person => ({ shown, ask: askerOf(url, shown) })
  const signedIn = ({ headers, status, text }: Answer): Person => {
    if (status >= 300) throw new Error(text)
    return by({ cookie: headers.get("set-cookie")!.split(";", 1)[0]!, origin: url })
  }
  const nobody = by({ origin: url })
  return {
    url,
    peer: hub.peer,
    data: dataFolder,
    door: by({ authorization: `Bearer ${token}` }),
    by,
    owner: async () =>
      signedIn(await nobody.ask("POST", "/setup", { token: await hub.setupToken, name: "ann", password })),
    join: async (owner, name, role, member) => {
      const made = await owner.ask("POST", "/accounts", { name, role, ...(member === undefined ? {} : { member }) })
      return signedIn(await nobody.ask("POST", "/session/link", { link: made.body["link"], password }))
    },
    stop
  }
}

const askerOf =
  (url: string, shown: Shown): Ask =>
  async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { ...shown, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    const isJson = /^application\/(problem\+)?json/.test(answer.headers.get("content-type") ?? "")
    return { status: answer.status, headers: answer.headers, text, body: isJson && text !== "" ? JSON.parse(text) : {} }
  }

export interface Listener {
  readonly told: ReadonlyArray<AdminLive.Told>
  readonly tags: () => ReadonlyArray<string>
  readonly isOpen: () => boolean
  readonly isOver: () => boolean
  readonly close: () => void
}

const target = `${AdminLive.path}/?EIO=4&transport=websocket`

/** As Socket.IO's client does it over WebSocket. */
export const listen = ({ url }: Pick<LiveHub, "url">, { shown }: Pick<Person, "shown">): Listener => {
  const told: Array<AdminLive.Told> = []
  const state = { isOpen: false, isOver: false }
  const socket = new WebSocket(url.replace("http", "ws") + target, { headers: shown } as never)
  onTestFinished(() => socket.close())
  const event = `42${AdminLive.namespace},["${AdminLive.eventName}",`
  socket.addEventListener("message", ({ data }: { readonly data: string }) => {
    if (data.startsWith("0")) socket.send(`40${AdminLive.namespace},`)
    else if (data.startsWith("40")) state.isOpen = true
    else if (data === "2") socket.send("3")
    else if (data.startsWith(event)) told.push(JSON.parse(data.slice(event.length, -1)) as AdminLive.Told)
  })
  socket.addEventListener("close", () => (state.isOver = true))
  return {
    told,
    tags: () => told.map(({ event: { _tag } }) => _tag),
    isOpen: () => state.isOpen,
    isOver: () => state.isOver,
    close: () => socket.close()
  }
}

/** The status that somebody gets who asks to listen. */
export const knock = ({ url }: Pick<LiveHub, "url">, shown: Shown): Promise<number> =>
  new Promise((resolve, reject) => {
    const key = { "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" }
    const headers = { connection: "upgrade", upgrade: "websocket", ...key, ...shown }
    const asked = request(url + target, { headers })
    asked.on("upgrade", ({ statusCode = 0 }, socket) => {
      socket.destroy()
      resolve(statusCode)
    })
    asked.on("response", (answer) => resolve(answer.resume().statusCode ?? 0))
    asked.on("error", reject)
    asked.end()
  })
