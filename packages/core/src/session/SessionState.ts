/**
 * What a session knows and what its step takes and gives: the vocabulary of `Session`, `Greeting` and the driver.
 * Nothing here decides anything but where a feed starts.
 */
import type { CryptoFunctions, Signer } from "../crypto/Crypto.ts"
import * as Bytes from "../identity/Bytes.ts"
import type * as PeerId from "../identity/PeerId.ts"
import type { PeerRow } from "../journal/JournalTables.ts"
import type * as Wire from "../wire/WireMessage.ts"
import * as LiveState from "./LiveState.ts"
import type { Role, Transcript } from "./Proof.ts"
import type { SessionError } from "./SessionError.ts"

export interface SessionConfig {
  readonly role: Role
  readonly crypto: CryptoFunctions
  readonly signer: Signer
  readonly channelBinding: Uint8Array
  /** Fresh random bytes of this session. */
  readonly nonce: Uint8Array
  /** Raw id of the space. */
  readonly space: Uint8Array
  readonly incarnation: Uint8Array
  /** The peer that must answer, when the route names one. */
  readonly expected: PeerId.PeerId | undefined
}

/**
 * While `agreeing` both are proven and greeted, and their charters are brought to agree. While `hearing` this side does not
 * admit the peer and takes in what it knows of the charter; while `telling` it is the other way round. Neither of these two
 * ever goes live.
 */
export type Phase = "start" | "challenged" | "admitting" | "greeting" | "agreeing" | "hearing" | "telling" | "live"

/** Why a peer is not admitted. */
export interface Denial {
  readonly rule: string
  readonly because: string
  /** Digest of this side's charter, where the peer is heard all the same. */
  readonly heardWith: Uint8Array | undefined
}

export interface SessionState {
  readonly config: SessionConfig
  readonly phase: Phase
  readonly peer: PeerId.PeerId | undefined
  readonly peerKey: Uint8Array
  readonly peerNonce: Uint8Array
  /** The greeting that waits for the policy's answer. */
  readonly hello: Wire.Hello | undefined
  readonly peerSpace: LiveState.PeerSpace | undefined
  /** Why the peer is not admitted, where it is heard. */
  readonly denied: Denial | undefined
  /** Digest of this side's charter when it greeted. */
  readonly charter: Uint8Array | null
  /** The peer's greeting, until the charters agree. */
  readonly greeted: Wire.Hello | Wire.HelloAck | undefined
  /** What this side knew of the peer when it greeted. */
  readonly known: PeerRow | undefined
  readonly live: LiveState.LiveState
}

export type Input =
  | { readonly _tag: "Opened" }
  | { readonly _tag: "Received"; readonly message: Wire.WireMessage }
  | { readonly _tag: "Admitted"; readonly denied: Denial | undefined }
  | {
      readonly _tag: "SpaceRead"
      readonly purpose: LiveState.SpacePurpose
      readonly snapshot: LiveState.SpaceSnapshot
      readonly cursor: PeerRow | undefined
      readonly charter: Uint8Array | null
    }
  /** What the peer said of its charter was taken in; whether both know the same now. */
  | { readonly _tag: "CharterTaken"; readonly isAgreed: boolean }
  /** What a peer said that is heard was taken in: it is admitted now, or has said something, or nothing that helps. */
  | { readonly _tag: "CharterHeard"; readonly outcome: "admitted" | "more" | "nothing" }
  /** This side's charter has changed. */
  | { readonly _tag: "CharterMoved" }
  | LiveState.LiveInput

export type Action =
  | { readonly _tag: "Send"; readonly message: Wire.WireMessage }
  | { readonly _tag: "Admit"; readonly peer: PeerId.PeerId }
  | { readonly _tag: "ReadSpace"; readonly purpose: LiveState.SpacePurpose }
  /** Keeps as which incarnation the peer was met. */
  | {
      readonly _tag: "Meet"
      readonly incarnation: string
      /** For a peer that was set back: how far it has this journal's commits now. */
      readonly setBackTo: number | undefined
    }
  /** Tells the peer what this side's charter knows, and the records that the peer is not known to have. */
  | { readonly _tag: "TellCharter" }
  | { readonly _tag: "TakeCharter"; readonly message: Wire.CharterSync }
  /** Takes it in from a peer that is only heard, and asks whether it is admitted now. */
  | { readonly _tag: "HearCharter"; readonly message: Wire.CharterSync }
  | { readonly _tag: "Connected"; readonly peer: PeerId.PeerId; readonly space: LiveState.PeerSpace }
  | { readonly _tag: "Fail"; readonly reason: SessionError["reason"] }
  | LiveState.LiveAction

export interface Outcome {
  readonly state: SessionState
  readonly actions: ReadonlyArray<Action>
}

export const start = (config: SessionConfig): SessionState => ({
  config,
  phase: "start",
  peer: undefined,
  peerKey: new Uint8Array(0),
  peerNonce: new Uint8Array(0),
  hello: undefined,
  denied: undefined,
  peerSpace: undefined,
  charter: null,
  greeted: undefined,
  known: undefined,
  live: LiveState.initial(config.role)
})

/** What both sides prove themselves by. */
export const transcriptOf = ({ config, peerKey, peerNonce }: SessionState): Transcript => {
  const { channelBinding, nonce, role, signer } = config
  const isInitiator = role === "initiator"
  return {
    initiator: isInitiator ? signer.publicKey : peerKey,
    responder: isInitiator ? peerKey : signer.publicKey,
    initiatorNonce: isInitiator ? nonce : peerNonce,
    responderNonce: isInitiator ? peerNonce : nonce,
    channelBinding
  }
}

/** True when a cursor counts in this journal's present incarnation. */
export const isOurs = (incarnation: Uint8Array, { cursorOf }: { readonly cursorOf: Uint8Array | null }): boolean =>
  cursorOf !== null && Bytes.equals(cursorOf, incarnation)

/** The peer's arrival number from which this side must feed, or where reconciliation takes over. */
export const feedStart = (
  mine: LiveState.SpaceSnapshot,
  incarnation: Uint8Array,
  theirs: { readonly cursorOf: Uint8Array | null; readonly cursor: number; readonly count: number }
): number => {
  // A peer that was met and not followed to any proof says 0, which is no place that it has come to.
  const isPlace = theirs.cursor > 0 && theirs.cursor <= mine.head
  if (isPlace && isOurs(incarnation, theirs)) return theirs.cursor
  // Without one a peer that has less than half gets everything; one that has more is compared range by range.
  return 2 * theirs.count <= mine.count ? 0 : mine.head
}
