/**
 * The sync protocol over one link as a pure step: a state and an input give the next state and what to do. Proof of
 * identity, then greeting, then both feeds at once, then comparing roots. No clock, no I/O: `SessionDriver` does what
 * is asked here and feeds the results back.
 */
import type * as Wire from "../wire/WireMessage.ts"
import { protocolVersion } from "../wire/WireMessage.ts"
import * as Greeting from "./Greeting.ts"
import * as Comparison from "./Comparison.ts"
import type * as LiveState from "./LiveState.ts"
import * as LiveSync from "./LiveSync.ts"
import * as Hearing from "./Hearing.ts"
import { PeerRefused, ProtocolViolated, VersionUnsupported } from "./SessionError.ts"
import type { Denial, Input, Outcome, SessionState } from "./SessionState.ts"

/** The next state and what to do. */
export const step = (state: SessionState, input: Input): Outcome => {
  switch (input._tag) {
    case "Opened":
      return state.config.role === "initiator" ? Greeting.challenge(state) : { state, actions: [] }
    case "Received":
      return receive(state, input.message)
    case "Admitted":
      return admitted(state, input.denied)
    case "SpaceRead":
      if (input.purpose === "hello") return Greeting.sendHello(state, input)
      if (input.purpose === "helloAck") return Greeting.answerHello(state, input)
      return inLive(state, Comparison.spaceRead(state.live, input.purpose, input.snapshot))
    case "CharterTaken":
      return input.isAgreed && state.phase === "agreeing" ? Greeting.agreed(state) : { state, actions: [] }
    case "CharterHeard":
      return Hearing.heard(state, input.outcome)
    case "CharterMoved":
      return hasGreeted(state) ? { state, actions: [{ _tag: "TellCharter" }] } : { state, actions: [] }
    default:
      return state.phase === "live" ? inLive(state, LiveSync.step(state.live, input)) : { state, actions: [] }
  }
}

const hasGreeted = ({ phase }: SessionState): boolean => phase === "agreeing" || phase === "live"

const inLive = (state: SessionState, outcome: LiveState.LiveOutcome): Outcome => ({
  state: { ...state, live: outcome.live },
  actions: outcome.actions
})

const violated = (state: SessionState, problem: string): Outcome => ({
  state,
  actions: [{ _tag: "Fail", reason: new ProtocolViolated({ problem }) }]
})

const receive = (state: SessionState, message: Wire.WireMessage): Outcome => {
  const { config, phase } = state
  switch (message._tag) {
    case "Challenge":
      if (config.role !== "responder" || phase !== "start") return violated(state, "a second challenge")
      if (message.version !== protocolVersion) {
        const reason = new VersionUnsupported({ version: message.version, supported: protocolVersion })
        return { state, actions: [{ _tag: "Fail", reason }] }
      }
      return Greeting.answerChallenge(state, message)
    case "ChallengeAck":
      if (config.role !== "initiator" || phase !== "start") return violated(state, "an unasked proof")
      return Greeting.checkResponder(state, message)
    case "Hello":
      if (config.role !== "responder" || phase !== "challenged") return violated(state, "a greeting out of turn")
      return Greeting.checkInitiator(state, message)
    case "HelloAck":
      if (config.role !== "initiator" || phase !== "greeting") return violated(state, "an unasked greeting")
      return Greeting.checkAnswer(state, message)
    case "Error": {
      const reason = new PeerRefused({ code: message.code, detail: message.detail })
      return { state, actions: [{ _tag: "Fail", reason }] }
    }
    case "CharterSync":
      if (phase === "hearing") return { state, actions: [{ _tag: "HearCharter", message }] }
      if (phase === "telling") return { state, actions: [{ _tag: "TakeCharter", message }] }
      if (!hasGreeted(state)) return violated(state, "a charter before the greeting")
      if (state.charter === null) return violated(state, "a charter in a space without one")
      return { state, actions: [{ _tag: "TakeCharter", message }] }
    default:
      if (phase !== "live") return violated(state, `${message._tag} before the greeting`)
      return inLive(state, LiveSync.receive(state.live, message))
  }
}

const admitted = (state: SessionState, denied: Denial | undefined): Outcome => {
  if (denied !== undefined) return Hearing.deny(state, denied)
  const purpose = state.config.role === "initiator" ? "hello" : "helloAck"
  return { state, actions: [{ _tag: "ReadSpace", purpose }] }
}
