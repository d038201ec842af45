/**
 * The steps before a session is live: challenge, proof of both sides, the policy's word, and the greeting that says
 * what each has. Nothing about the space leaves before the peer is proven and admitted.
 */
import * as Bytes from "../identity/Bytes.ts"
import * as PeerId from "../identity/PeerId.ts"
import type * as Wire from "../wire/WireMessage.ts"
import { protocolVersion } from "../wire/WireMessage.ts"
import * as LiveState from "./LiveState.ts"
import * as LiveSync from "./LiveSync.ts"
import * as Hearing from "./Hearing.ts"
import * as Proof from "./Proof.ts"
import { CharterUnknown, PeerUnexpected, ProofInvalid, ProtocolViolated, SpaceUnknown } from "./SessionError.ts"
import {
  type Action,
  feedStart,
  type Input,
  isOurs,
  type Outcome,
  type SessionState as State,
  transcriptOf
} from "./SessionState.ts"

/** What this side has when it greets. */
type SpaceRead = Input & { readonly _tag: "SpaceRead" }

const fail = (state: State, reason: (Action & { readonly _tag: "Fail" })["reason"]): Outcome => ({
  state,
  actions: [{ _tag: "Fail", reason }]
})

/** Opens: who this side says it is. */
export const challenge = (state: State): Outcome => ({
  state,
  actions: [
    {
      _tag: "Send",
      message: {
        _tag: "Challenge",
        version: protocolVersion,
        nonce: state.config.nonce,
        peer: state.config.signer.publicKey
      }
    }
  ]
})

/** The answering side proves itself first. */
export const answerChallenge = (state: State, message: Wire.Challenge): Outcome => {
  const peer = PeerId.fromPublicKey(message.peer)
  const next: State = { ...state, phase: "challenged", peer, peerKey: message.peer, peerNonce: message.nonce }
  const { crypto, nonce, signer } = state.config
  const signature = Proof.prove(crypto, signer, transcriptOf(next), "responder")
  return {
    state: next,
    actions: [{ _tag: "Send", message: { _tag: "ChallengeAck", nonce, peer: signer.publicKey, signature } }]
  }
}

/** The opening side checks who answered, then asks the policy. */
export const checkResponder = (state: State, message: Wire.ChallengeAck): Outcome => {
  const peer = PeerId.fromPublicKey(message.peer)
  const next: State = { ...state, phase: "admitting", peer, peerKey: message.peer, peerNonce: message.nonce }
  const { crypto, expected } = state.config
  if (!Proof.isProven(crypto, transcriptOf(next), "responder", message.signature)) {
    return fail(state, new ProofInvalid({ peer }))
  }
  if (expected !== undefined && expected !== peer) return fail(state, new PeerUnexpected({ expected, actual: peer }))
  return { state: next, actions: [{ _tag: "Admit", peer }] }
}

/** The answering side checks who opened, then asks the policy. */
export const checkInitiator = (state: State, message: Wire.Hello): Outcome => {
  const peer = state.peer!
  if (!Proof.isProven(state.config.crypto, transcriptOf(state), "initiator", message.signature)) {
    return fail(state, new ProofInvalid({ peer }))
  }
  return { state: { ...state, phase: "admitting", hello: message }, actions: [{ _tag: "Admit", peer }] }
}

const spaceFields = (state: State, { charter, cursor, snapshot }: SpaceRead) => ({
  space: state.config.space,
  incarnation: state.config.incarnation,
  ...snapshot,
  cursorOf: cursor === undefined || cursor.incarnation === "" ? null : Bytes.fromHex(cursor.incarnation)!,
  cursor: cursor?.cursor ?? 0,
  charter
})

/** The state after this side has read what it has. */
const withRead = (state: State, { charter, cursor, snapshot }: SpaceRead): State => ({
  ...state,
  known: cursor,
  charter,
  live: LiveState.withSnapshot(state.live, snapshot)
})

/** The opening side's proof and what it has. */
export const sendHello = (state: State, read: SpaceRead): Outcome => {
  const signature = Proof.prove(state.config.crypto, state.config.signer, transcriptOf(state), "initiator")
  return {
    state: { ...withRead(state, read), phase: "greeting" },
    actions: [{ _tag: "Send", message: { _tag: "Hello", signature, ...spaceFields(state, read) } }]
  }
}

const peerSpaceOf = ({ config }: State, message: Wire.Hello | Wire.HelloAck): LiveState.PeerSpace => ({
  incarnation: Bytes.toHex(message.incarnation),
  cursorHere: isOurs(config.incarnation, message) ? message.cursor : 0,
  head: message.head,
  root: message.root,
  count: message.count
})

/** The answering side compares both and says how to go on. */
export const answerHello = (state: State, read: SpaceRead): Outcome => {
  const hello = state.hello
  if (hello === undefined) return fail(state, new ProtocolViolated({ problem: "no greeting to answer" }))
  if (!Bytes.equals(hello.space, state.config.space)) {
    return fail(state, new SpaceUnknown({ space: Bytes.toHex(hello.space) }))
  }
  const next = withRead(state, read)
  if (Hearing.isBlank(hello)) {
    const message: Wire.HelloAck = { _tag: "HelloAck", verdict: "feed", ...spaceFields(state, read) }
    return Hearing.tell(next, hello, [{ _tag: "Send", message }])
  }
  const isEqual = areEqual(next, hello)
  const message: Wire.HelloAck = {
    _tag: "HelloAck",
    verdict: isEqual ? "equal" : "feed",
    ...spaceFields(state, read)
  }
  const greeted = goOn(next, hello, isEqual)
  return { state: greeted.state, actions: [{ _tag: "Send", message }, ...greeted.actions] }
}

/** The opening side reads the answer. A verdict that its own root contradicts is no verdict. */
export const checkAnswer = (state: State, message: Wire.HelloAck): Outcome => {
  if (!Bytes.equals(message.space, state.config.space)) {
    return fail(state, new SpaceUnknown({ space: Bytes.toHex(message.space) }))
  }
  if (state.denied !== undefined) return Hearing.begin(state, state.denied, message)
  if (Hearing.isBlank(message)) return Hearing.tell(state, message, [])
  const isEqual = areEqual(state, message)
  if (isEqual !== (message.verdict === "equal")) {
    return fail(state, new ProtocolViolated({ problem: "the verdict contradicts the roots" }))
  }
  return goOn(state, message, isEqual)
}

/** Roots that were read under different charters prove nothing. */
const areEqual = ({ charter, live: { snapshot } }: State, theirs: Wire.Hello | Wire.HelloAck): boolean =>
  Hearing.isSameCharter(charter, theirs.charter) &&
  Bytes.equals(theirs.root, snapshot.root) &&
  theirs.count === snapshot.count

/**
 * How far a peer has this journal that was put back to an earlier state of itself, and does not know it yet: it has fewer
 * commits than were read from it or less of this journal than it had confirmed, or does not know whom it had confirmed
 * something. `undefined` for every other peer.
 */
const setBackTo = ({ config, known }: State, theirs: Wire.Hello | Wire.HelloAck): number | undefined => {
  if (known === undefined || known.incarnation !== Bytes.toHex(theirs.incarnation)) return undefined
  const hasForgotten = theirs.cursorOf === null && known.acknowledged > 0
  const cursorHere = isOurs(config.incarnation, theirs) ? theirs.cursor : undefined
  const hasLess = cursorHere !== undefined && cursorHere < known.custody
  if (theirs.head >= known.cursor && !hasForgotten && !hasLess) return undefined
  return cursorHere ?? 0
}

/** First of all it is kept who was met: whatever the charter takes away is judged by what this journal of the peer has. */
const goOn = (state: State, theirs: Wire.Hello | Wire.HelloAck, isEqual: boolean): Outcome => {
  const outcome = agreeOrGoLive(state, theirs, isEqual)
  const meeting: Action = {
    _tag: "Meet",
    incarnation: Bytes.toHex(theirs.incarnation),
    setBackTo: setBackTo(state, theirs)
  }
  return { state: outcome.state, actions: [meeting, ...outcome.actions] }
}

/** Goes live, but not before the charters agree: no commit is sent or taken in under an old one. */
const agreeOrGoLive = (state: State, theirs: Wire.Hello | Wire.HelloAck, isEqual: boolean): Outcome => {
  const { charter } = state
  if (Hearing.isSameCharter(charter, theirs.charter)) return goLive(state, theirs, isEqual)
  if (charter === null || theirs.charter === null) return fail(state, new CharterUnknown({ isHere: charter !== null }))
  return {
    state: { ...state, phase: "agreeing", hello: undefined, greeted: theirs },
    actions: state.config.role === "initiator" ? [{ _tag: "TellCharter" }] : []
  }
}

/** The charters agree now. What was compared in the greeting was seen under another one. */
export const agreed = (state: State): Outcome => goLive({ ...state, greeted: undefined }, state.greeted!, false)

const goLive = (state: State, theirs: Wire.Hello | Wire.HelloAck, isEqual: boolean): Outcome => {
  const mine = state.live.snapshot
  const peerSpace = peerSpaceOf(state, theirs)
  const from = isEqual ? mine.head : feedStart(mine, state.config.incarnation, theirs)
  const known = state.known?.incarnation === peerSpace.incarnation ? state.known : undefined
  const isSetBack = known !== undefined && setBackTo(state, theirs) !== undefined
  const upto = (confirmed = 0): number => (isSetBack ? Math.min(confirmed, peerSpace.cursorHere) : confirmed)
  const start = { from, confirmed: upto(known?.acknowledged), told: upto(known?.custody) }
  const begun = LiveSync.begin(state.live, peerSpace, start, isEqual)
  return {
    state: { ...state, phase: "live", hello: undefined, peerSpace, live: begun.live },
    actions: [{ _tag: "Connected", peer: state.peer!, space: peerSpace }, ...begun.actions]
  }
}
