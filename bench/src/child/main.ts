/**
 * A process that measures: the jobs stand beside it.
 */
import { comparisonJobs } from "./ComparisonJobs.ts"
import type { DecideInput, JudgeInput } from "./DecisionJobs.ts"
import type { IngestInput } from "./SealedJobs.ts"
import type { AttackInput } from "./HostilePeer.ts"
import type { ReceiveBytesInput, ServeBytesInput } from "./LibraryStream.ts"
import { peerJobs } from "./PeerJobs.ts"
import { serve } from "./Serving.ts"
import { sqliteJobs } from "./SqliteJobs.ts"
import { streamJobs } from "./StreamJobs.ts"

/** Loaded when it is asked for: an older state that is measured beside this one may lack what it rests on. */
const laterJobs = {
  decide: async (input: DecideInput) => (await import("./DecisionJobs.ts")).decide(input),
  judge: async (input: JudgeInput) => (await import("./DecisionJobs.ts")).judge(input),
  ingest: async (input: IngestInput) => (await import("./SealedJobs.ts")).ingest(input),
  serveBytes: async (input: ServeBytesInput) => (await import("./LibraryStream.ts")).serveBytes(input),
  receiveBytes: async (input: ReceiveBytesInput) => (await import("./LibraryStream.ts")).receiveBytes(input),
  hostileId: async () => (await import("./HostilePeer.ts")).hostileId(),
  attack: async (input: AttackInput) => (await import("./HostilePeer.ts")).attack(input),
  rotate: async (input: { readonly devices: number }) => (await import("./SealedJobs.ts")).rotate(input)
}

const jobs = { ...peerJobs, ...comparisonJobs, ...sqliteJobs, ...streamJobs, ...laterJobs }

/** Jobs by name; the parent's calls are typed by them. */
export type Jobs = typeof jobs

serve(jobs)
