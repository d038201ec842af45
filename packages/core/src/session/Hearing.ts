/**
 * The steps of a session with a peer that is not admitted and heard all the same: who removed it may have been removed by
 * it, and nobody else brings the record. Charter records go one way, from the peer that is heard to the side that hears
 * it, which shows nothing: its greeting is blank, and of its charter it names only what the other can send from. Such a
 * session never goes live. What is heard how often is bounded by the driver and the orchestrator.
 */
import * as Bytes from "../identity/Bytes.ts"
import type * as Wire from "../wire/WireMessage.ts"
import * as Proof from "./Proof.ts"
import { CharterUnknown, PeerDenied, PeerHeard } from "./SessionError.ts"
import { type Action, type Denial, type Outcome, type SessionState as State, transcriptOf } from "./SessionState.ts"

type Greeting = Wire.Hello | Wire.HelloAck

/** In the place of a digest: it equals none, so nobody takes it for agreement. */
export const noDigest = new Uint8Array(16)

/** No journal has this incarnation: it says that this side listens and shows nothing. */
const noIncarnation = new Uint8Array(8)

/** Did whoever greets so not admit this side, and listens? */
export const isBlank = ({ incarnation }: Greeting): boolean => Bytes.equals(incarnation, noIncarnation)

export const isSameCharter = (mine: Uint8Array | null, theirs: Uint8Array | null): boolean =>
  mine === null || theirs === null ? mine === theirs : Bytes.equals(mine, theirs)

const blankFields = ({ config }: State) => ({
  space: config.space,
  incarnation: noIncarnation,
  head: 0,
  root: new Uint8Array(16),
  count: 0,
  cursorOf: null,
  cursor: 0,
  charter: noDigest
})

const refused = (state: State, { because, rule }: Denial): Outcome => ({
  state,
  actions: [{ _tag: "Fail", reason: new PeerDenied({ peer: state.peer!, rule, because }) }]
})

/** The policy does not admit the peer: it is refused, or greeted with nothing where it is heard. */
export const deny = (state: State, denied: Denial): Outcome => {
  if (denied.heardWith === undefined) return refused(state, denied)
  const hello = state.config.role === "initiator" ? undefined : state.hello
  if (hello !== undefined) {
    if (!Bytes.equals(hello.space, state.config.space)) return refused(state, denied)
    const begun = begin(state, denied, hello)
    if (begun.state.phase !== "hearing") return begun
    const message: Wire.HelloAck = { _tag: "HelloAck", verdict: "feed", ...blankFields(state) }
    return { state: begun.state, actions: [{ _tag: "Send", message }] }
  }
  const signature = Proof.prove(state.config.crypto, state.config.signer, transcriptOf(state), "initiator")
  return {
    state: { ...state, phase: "greeting", denied },
    actions: [{ _tag: "Send", message: { _tag: "Hello", signature, ...blankFields(state) } }]
  }
}

/**
 * Listens to whoever greeted so, unless there is nothing to hear: it knows the same, has no charter, or does not admit this
 * side either. The opening side says first what it knows.
 */
export const begin = (state: State, denied: Denial, theirs: Greeting): Outcome => {
  const isSilent = isBlank(theirs) || theirs.charter === null || isSameCharter(denied.heardWith!, theirs.charter)
  if (isSilent) return refused(state, denied)
  return {
    state: { ...state, phase: "hearing", hello: undefined, denied, charter: denied.heardWith! },
    actions: state.config.role === "initiator" ? [{ _tag: "TellCharter" }] : []
  }
}

/** Tells its charter to a peer that does not admit this side and listens. `first`: what comes before that. */
export const tell = (state: State, theirs: Greeting, first: ReadonlyArray<Action>): Outcome => {
  if (state.charter === null || theirs.charter === null) {
    const reason = new CharterUnknown({ isHere: state.charter !== null })
    return { state, actions: [{ _tag: "Fail", reason }] }
  }
  const own: ReadonlyArray<Action> = state.config.role === "initiator" ? [{ _tag: "TellCharter" }] : []
  return { state: { ...state, phase: "telling", hello: undefined }, actions: [...first, ...own] }
}

/** What the peer said was taken in. */
export const heard = (state: State, outcome: "admitted" | "more" | "nothing"): Outcome => {
  if (state.phase !== "hearing" || outcome === "more") return { state, actions: [] }
  if (outcome === "nothing") return refused(state, state.denied!)
  return { state, actions: [{ _tag: "Fail", reason: new PeerHeard({ peer: state.peer! }) }] }
}
