/**
 * Makes a hub's process throw its garbage away, in every thread, by the inspector that Node has built in. What a process
 * holds between two collections says little of what it needs: it rises and falls by a hundred mebibytes. It only asks;
 * what the hub holds then is read elsewhere.
 */

/** How long the threads may take all together. */
const collectMsMax = 30_000
/** How long the inspector may take to name the threads; it does so at once and never says that it has named all. */
const threadsMs = 200

interface Reply {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly sessionId: string; readonly message: string }
}

/** One conversation with the inspector; messages to other threads travel inside messages to the first. */
class Conversation {
  readonly threads: Array<string> = []
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, () => void>()
  #lastId = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener("message", ({ data }) => this.#read(JSON.parse(String(data)) as Reply))
  }

  /** Resolves once it was carried out, in the main thread or in a named one. */
  call(method: string, params: object = {}, thread?: string): Promise<void> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      const message = JSON.stringify({ id, method, params })
      if (thread === undefined) this.#socket.send(message)
      else void this.call("NodeWorker.sendMessageToWorker", { sessionId: thread, message })
    })
  }

  #read({ id, method, params }: Reply): void {
    if (method === "NodeWorker.attachedToWorker") this.threads.push(params!.sessionId)
    if (method === "NodeWorker.receivedMessageFromWorker") this.#read(JSON.parse(params!.message) as Reply)
    if (id === undefined) return
    this.#waiting.get(id)?.()
    this.#waiting.delete(id)
  }
}

/** Rejects when the inspector at the address does not answer in time. */
export const collectGarbage = async (address: string): Promise<void> => {
  const socket = new WebSocket(address)
  const late = AbortSignal.timeout(collectMsMax)
  try {
    await Promise.race([collect(socket), new Promise((_, reject) => late.addEventListener("abort", reject))])
  } catch (error) {
    throw new Error("the hub's inspector does not answer", { cause: error })
  } finally {
    socket.close()
  }
}

const collect = async (socket: WebSocket): Promise<void> => {
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve)
    socket.addEventListener("error", reject)
  })
  const conversation = new Conversation(socket)
  await conversation.call("NodeWorker.enable", { waitForDebuggerOnStart: false })
  await new Promise((resolve) => setTimeout(resolve, threadsMs))
  for (const thread of [undefined, ...conversation.threads]) {
    await conversation.call("HeapProfiler.collectGarbage", {}, thread)
  }
}
