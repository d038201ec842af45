/**
 * iSync's `EncryptedClient` and `isync_client` as far as they speak to a server: what `python-socketio` sends, request by request, and which
 * packets they take. It polls first and then upgrades, as that library does; or polls only.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto"
import { onTestFinished } from "vitest"
import { until } from "../hubProcess.ts"

export interface Heard {
  readonly name: string
  readonly argument: { readonly [key: string]: unknown }
  /** As it came. */
  readonly text: string
}

export interface PythonClient {
  readonly heard: ReadonlyArray<Heard>
  readonly of: (name: string) => ReadonlyArray<Heard>
  /** Sends an event; `text` is its arguments as JSON, without brackets. */
  readonly emit: (name: string, text?: string) => void
  /** Waits for an event. */
  readonly next: (name: string, count?: number) => Promise<Heard>
  readonly isClosed: () => boolean
  readonly close: () => void
}

const separator = "\u001e"

/** Connects and waits for Socket.IO's own answer. */
export const connect = async (url: string, { isUpgrading = true } = {}): Promise<PythonClient> => {
  const heard: Array<Heard> = []
  let isClosed = false
  let isOpen = false
  const onPacket = (packet: string, answer: (packet: string) => void): void => {
    if (packet === "2") return answer("3")
    if (packet.startsWith("40")) isOpen = true
    if (packet === "1" || packet === "41") isClosed = true
    if (!packet.startsWith("42")) return
    const [name, argument] = JSON.parse(packet.slice(2)) as [string, Heard["argument"]]
    heard.push({ name, argument, text: packet.slice(packet.indexOf(",") + 1, -1) })
  }
  const base = `${url}/socket.io/?transport=polling&EIO=4`
  const opened = await fetch(`${base}&t=${Date.now() / 1_000}`)
  if (opened.status !== 200) throw new Error(`not opened: ${opened.status} ${await opened.text()}`)
  const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string }
  const post = async (packet: string): Promise<void> => {
    const headers = { "content-type": "text/plain" }
    const answer = await fetch(`${base}&sid=${sid}`, { method: "POST", headers, body: packet }).catch(() => undefined)
    if (answer?.status === 400) isClosed = true
  }
  const poll = async (): Promise<void> => {
    const answer = await fetch(`${base}&sid=${sid}&t=${Date.now() / 1_000}`).catch(() => undefined)
    if (answer?.status !== 200) return void (isClosed = true)
    for (const packet of (await answer.text()).split(separator)) onPacket(packet, (back) => void post(back))
  }
  let emit: (packet: string) => void
  let close: () => void
  await post("40{}")
  if (isUpgrading) {
    await poll()
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?transport=websocket&EIO=4&sid=${sid}`)
    await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send("2probe")
      socket.onerror = () => reject(new Error("no upgrade"))
      socket.onmessage = resolve
    })
    socket.send("5")
    socket.onmessage = ({ data }) => onPacket(data as string, (back) => socket.send(back))
    socket.onclose = () => (isClosed = true)
    emit = (packet) => socket.send(packet)
    close = () => socket.close()
  } else {
    let sending = Promise.resolve()
    emit = (packet) => void (sending = sending.then(() => post(packet)))
    close = () => {
      isClosed = true
      void post("41")
    }
    void (async () => {
      while (!isClosed) await poll()
    })()
  }
  onTestFinished(() => close())
  await until(() => isOpen, 5_000, 2)
  const of = (name: string) => heard.filter((each) => each.name === name)
  return {
    heard,
    of,
    emit: (name, text) => emit(`42[${JSON.stringify(name)}${text === undefined ? "" : `,${text}`}]`),
    next: async (name, count = 1) => {
      await until(() => of(name).length >= count, 5_000, 5)
      return of(name)[count - 1]!
    },
    isClosed: () => isClosed,
    close: () => close()
  }
}

/** Connects and shakes hands under a name. */
export const meet = async (url: string, node: string, options?: { isUpgrading?: boolean }): Promise<PythonClient> => {
  const client = await connect(url, options)
  client.emit("peer_handshake", JSON.stringify({ node_id: node }))
  await client.next("handshake_response")
  return client
}

/** Fernet's key of an `isync_token`, as the client makes it. */
const keyOf = (token: string) => {
  const key = createHash("sha256").update(token, "utf8").digest()
  return { signing: key.subarray(0, 16), sealing: key.subarray(16) }
}

/** The packet that `EncryptedClient` sends: Fernet's text, in base64 once more. */
export const sealedPacket = (node: string, token: string, state: object, timestamp = "1728123456.789"): string => {
  const { sealing, signing } = keyOf(token)
  const iv = randomBytes(16)
  const cipher = createCipheriv("aes-128-cbc", sealing, iv)
  const head = Buffer.concat([Buffer.of(0x80), Buffer.alloc(8), iv])
  const body = Buffer.concat([head, cipher.update(JSON.stringify(state)), cipher.final()])
  const fernet = Buffer.concat([body, createHmac("sha256", signing).update(body).digest()]).toString("base64url")
  const padded = fernet.padEnd(Math.ceil(fernet.length / 4) * 4, "=")
  const encrypted = Buffer.from(padded).toString("base64")
  return `{"_encrypted": true, "source_node": "${node}", "source_type": "iControl", "timestamp": ${timestamp}, "encrypted_data": "${encrypted}"}`
}

/** What `EncryptedClient` makes of a packet: the state, or nothing where it ignores it. */
export const opened = (node: string, token: string, { argument }: Heard): object | undefined => {
  const { _encrypted, encrypted_data, source_node, source_type } = argument
  if (_encrypted !== true || (source_type === "iControl" && source_node === node)) return undefined
  if (typeof encrypted_data !== "string") return undefined
  const { sealing, signing } = keyOf(token)
  const bytes = Buffer.from(Buffer.from(encrypted_data, "base64").toString("latin1"), "base64url")
  const [body, mac] = [bytes.subarray(0, -32), bytes.subarray(-32)]
  if (!createHmac("sha256", signing).update(body).digest().equals(mac)) return undefined
  const decipher = createDecipheriv("aes-128-cbc", sealing, body.subarray(9, 25))
  return JSON.parse(`${decipher.update(body.subarray(25)).toString()}${decipher.final().toString()}`) as object
}
