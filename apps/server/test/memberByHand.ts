/**
 * A member's device whose session is spoken by hand: it greets, takes the charter and everything that the hub sends as an
 * honest device would, keeps all that it heard, and says whatever a test wants.
 */
import type { WireMessage } from "@syncline/core"
import { HostileClient, type Identity, type Message } from "./hostileClient.ts"
import { until } from "./hubProcess.ts"

const nothingKnown = new Uint8Array(16)

type Step = Partial<Pick<Message<"SyncState">, "nodes" | "clocks" | "replies" | "want">>

/** What the hub says to one step of a comparison, up to and with its own step. */
export interface StepAnswer {
  readonly pushed: ReadonlyArray<WireMessage.WireMessage>
  readonly step: Message<"SyncState">
}

export class MemberByHand {
  readonly as: Identity
  /** Everything that the hub said, the greeting too. */
  readonly heard: Array<WireMessage.WireMessage> = []
  /** Records of the charter and digest, as the hub told them at first. */
  readonly charter: Message<"CharterSync">
  /** The code that the hub ended the session with, or "closed". */
  end: string | undefined
  readonly #client: HostileClient
  #batches = 0
  #request = 0

  private constructor(as: Identity, client: HostileClient, charter: Message<"CharterSync">) {
    this.as = as
    this.#client = client
    this.charter = charter
    void this.#listen()
  }

  static async enter(address: string, as: Identity): Promise<MemberByHand> {
    const client = await HostileClient.dial(address)
    await client.greet({ as, charter: nothingKnown })
    await client.hearOf("HelloAck")
    await client.say({ _tag: "CharterSync", digest: nothingKnown, marks: [], rivals: [], records: [] })
    const charter = await client.hearOf("CharterSync")
    await client.say({ _tag: "CharterSync", digest: charter.digest, marks: [], rivals: [], records: [] })
    const member = new MemberByHand(as, client, charter)
    // Its own feed has come to its end, or the hub would wait for it.
    await member.#send([], true)
    return member
  }

  get commits(): ReadonlyArray<Uint8Array> {
    return this.heard.flatMap((message) => (message._tag === "EventBatch" ? message.commits : []))
  }

  say(message: WireMessage.WireMessage): Promise<void> {
    return this.#client.say(message)
  }

  sayBytes(frame: Uint8Array): Promise<void> {
    return this.#client.sayBytes(frame)
  }

  /** Sends commits beside its feed; gives the hub's account of them. */
  deliver(commits: ReadonlyArray<Uint8Array>): Promise<Message<"EventAck">> {
    return this.#send(commits, false)
  }

  async #send(commits: ReadonlyArray<Uint8Array>, isEnd: boolean): Promise<Message<"EventAck">> {
    const batch = this.#batches++
    const place = isEnd ? ({ source: "feed", from: 0 } as const) : ({ source: "sync", from: null } as const)
    const heard = this.heard.length
    await this.say({ _tag: "EventBatch", batch, ...place, upto: 0, isLast: isEnd, commits })
    return this.#await("EventAck", heard, (ack) => ack.batch === batch)
  }

  /** Says that it knows the same charter as the hub, and brings records all the same. */
  async bring(records: ReadonlyArray<Uint8Array>): Promise<void> {
    const told = this.heard.findLast((message) => message._tag === "CharterSync") ?? this.charter
    const { digest } = told as Message<"CharterSync">
    await this.say({ _tag: "CharterSync", digest, marks: [], rivals: [], records })
    await this.ping()
  }

  /** Resolves once the hub has come to everything that was said before. */
  async ping(): Promise<void> {
    const token = this.heard.length
    await this.say({ _tag: "Ping", token })
    await this.#await("Pong", token, (pong) => pong.token === token)
  }

  /** Begins a comparison of roots that differ. */
  async disagree(): Promise<void> {
    for (;;) {
      const request = ++this.#request
      const root = new Uint8Array(16).fill(request)
      const heard = this.heard.length
      await this.say({ _tag: "SyncRequest", request, root, count: 1_000_000, head: 0, applied: 0 })
      const { verdict } = await this.#await("SyncState", heard, (state) => state.request === request)
      if (verdict === "differ") return
    }
  }

  /** One step of the comparison. */
  async compare(step: Step): Promise<StepAnswer> {
    const from = this.heard.length
    const said = { nodes: [], clocks: [], replies: [], want: [], ...step }
    await this.say({ _tag: "SyncState", request: this.#request, verdict: "differ", head: 0, ...said })
    const answer = await this.#await("SyncState", from, () => true)
    return { pushed: this.heard.slice(from, this.heard.indexOf(answer)), step: answer }
  }

  async ended(): Promise<string> {
    await until(() => this.end !== undefined, 10_000, 2)
    return this.end!
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #await<Tag extends WireMessage.WireMessage["_tag"]>(
    tag: Tag,
    from: number,
    isMeant: (message: Message<Tag>) => boolean
  ): Promise<Message<Tag>> {
    let seen = from
    let found: Message<Tag> | undefined
    await until(
      () => {
        if (this.end !== undefined) throw new Error(`the hub ended the session: ${this.end}`)
        for (; found === undefined && seen < this.heard.length; seen++) {
          const message = this.heard[seen]!
          if (message._tag === tag && isMeant(message as Message<Tag>)) found = message as Message<Tag>
        }
        return found !== undefined
      },
      20_000,
      1
    )
    return found!
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#client.hear()
        this.heard.push(message)
        if (message._tag === "Error") this.end = message.code
        if (message._tag === "Ping") await this.say({ _tag: "Pong", token: message.token })
        if (message._tag !== "EventBatch") continue
        const { batch, upto } = message
        const taken = { applied: 0, held: 0, gaps: 0, refused: [], reasons: [], verdicts: [] }
        await this.say({ _tag: "EventAck", batch, upto, ...taken })
      }
    } catch {
      this.end ??= "closed"
    }
  }
}
