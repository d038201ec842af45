/**
 * What an application may tell the orchestrator: one closed union, each with its typed reply. Names are those of the
 * seed systems where they had one.
 */
import { Schema } from "effect"
import * as PeerId from "../identity/PeerId.ts"
import { quarantinePageMax } from "../journal/Quarantine.ts"
import { AutoSyncMode } from "./AutoSyncMode.ts"
import type { QuarantineAnswer } from "./QuarantineDecisions.ts"

const Address = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(512))

/** Listens on every transport that can, and dials every route. Starting twice changes nothing. */
export const Start = Schema.TaggedStruct("Start", {})
/** Ends all sessions and stops listening. The journal stays open. */
export const Stop = Schema.TaggedStruct("Stop", {})
/**
 * Dials waiting routes now and compares roots with every live peer, or with one. Where the node does not sync all the time, it
 * begins a round: routes are dialled and mailboxes looked into until all are in step.
 */
export const ForceSync = Schema.TaggedStruct("ForceSync", { peer: Schema.NullOr(PeerId.PeerId) })
/** Adds a route to a peer. Whether the peer is admitted is the policy's business. */
export const AddPeer = Schema.TaggedStruct("AddPeer", { peer: PeerId.PeerId, address: Address })
/** Ends the sessions with a peer and removes its routes. */
export const RemovePeer = Schema.TaggedStruct("RemovePeer", { peer: PeerId.PeerId })
/** Ends the sessions with a peer and admits no new one until `ResumePeer`. */
export const PausePeer = Schema.TaggedStruct("PausePeer", { peer: PeerId.PeerId })
export const ResumePeer = Schema.TaggedStruct("ResumePeer", { peer: PeerId.PeerId })
/** Adds a route to whoever answers at the address. */
export const AddRoute = Schema.TaggedStruct("AddRoute", { address: Address })
export const RemoveRoute = Schema.TaggedStruct("RemoveRoute", { address: Address })

/** Chooses whether the node syncs by itself, and how often; see `AutoSyncMode`. Links that are under way come into step first. */
export const SetAutoSync = Schema.TaggedStruct("SetAutoSync", { mode: AutoSyncMode })

/** Commit ids in hexadecimal. */
const Commits = Schema.Array(Schema.String).check(Schema.isMaxLength(quarantinePageMax))

/** Takes commits out of quarantine because a person says so; see `QuarantineDesk`. */
export const ReleaseQuarantined = Schema.TaggedStruct("ReleaseQuarantined", { ids: Commits })
export const DiscardQuarantined = Schema.TaggedStruct("DiscardQuarantined", { ids: Commits })

export const SyncCommand = Schema.Union([
  Start,
  Stop,
  ForceSync,
  AddPeer,
  RemovePeer,
  PausePeer,
  ResumePeer,
  AddRoute,
  RemoveRoute,
  SetAutoSync,
  ReleaseQuarantined,
  DiscardQuarantined
])
export type SyncCommand = typeof SyncCommand.Type

/** Addresses that others may dial. */
export interface Started {
  readonly addresses: ReadonlyArray<string>
}

/** How many sessions or routes a command touched. */
export interface Touched {
  readonly touched: number
}

/** What became of each commit. */
export interface Decided {
  readonly answers: ReadonlyArray<QuarantineAnswer>
}

export type ReplyOf<C extends SyncCommand> = C extends { readonly _tag: "Start" }
  ? Started
  : C extends { readonly _tag: "ReleaseQuarantined" | "DiscardQuarantined" }
    ? Decided
    : Touched
