/**
 * Names of the engine's metrics, one list. A hub shows them at `/metrics`; what they count stands here and nowhere
 * else.
 */
import { Metric } from "effect"

/** Links and frames refused, by reason: wire errors, invalid proofs, peers that are not admitted. */
export const sessionsRefused = Metric.counter("syncline_sessions_refused_total", {
  description: "Sessions ended because of what the peer sent or who it is, by reason",
  incremental: true
})
/** Commits from peers that were not kept, by code. */
export const commitsRefused = Metric.counter("syncline_commits_refused_total", {
  description: "Commits from peers that were refused, by code",
  incremental: true
})
/** Events of peers merged into the journal. */
export const eventsApplied = Metric.counter("syncline_events_applied_total", {
  description: "Events of other devices applied",
  incremental: true
})
/** Events sent to peers. */
export const eventsSent = Metric.counter("syncline_events_sent_total", {
  description: "Events sent to peers",
  incremental: true
})
/** Keys of a sealed space put in force by this device. */
export const keysRotated = Metric.counter("syncline_space_keys_rotated_total", {
  description: "Keys of the sealed space that this device put in force",
  incremental: true
})
/** Keys of a sealed space that were wrapped for this device and are not what they should be. */
export const keysSpoilt = Metric.counter("syncline_space_keys_spoilt_total", {
  description: "Keys of the sealed space that were handed to this device and do not open",
  incremental: true
})
/** Commits of peers put in quarantine, to be applied later or never. */
export const commitsHeld = Metric.counter("syncline_commits_held_total", {
  description: "Commits of peers that were put into quarantine, or brought again while they wait there",
  incremental: true
})
/** Commits of peers that a quota left out for now, by quota. */
export const commitsPutOff = Metric.counter("syncline_commits_put_off_total", {
  description:
    "Commits of peers that a quota left out for now, counted again whenever they are brought again, by quota",
  incremental: true
})
/** Own commits that a custodian refused. */
export const commitsRejected = Metric.counter("syncline_commits_rejected_total", {
  description: "Commits of this device that a custodian refused and that were taken back",
  incremental: true
})
/** Commits in quarantine now, by reason. */
export const quarantineCommits = Metric.gauge("syncline_quarantine_commits", {
  description: "Commits in quarantine, by reason"
})
/** Commits that left the quarantine, by reason and by how they left. */
export const quarantineLeft = Metric.counter("syncline_quarantine_left_total", {
  description: "Commits that left the quarantine, by reason and how",
  incremental: true
})
/** Calls of hooks that failed or took too long, by hook. */
export const hookFailures = Metric.counter("syncline_hook_failures_total", {
  description: "Calls of hooks that failed or took too long, by hook",
  incremental: true
})
/** Sessions that are live now. */
export const sessionsLive = Metric.gauge("syncline_sessions_live", { description: "Live sessions" })
/** Changes from one road to another. */
export const routesChanged = Metric.counter("syncline_route_changes_total", {
  description: "Changes from one address of a peer to another, from links to a mailbox and back",
  incremental: true
})
/** Looks into mailboxes, by mailbox and by what came of them. */
export const mailboxLooks = Metric.counter("syncline_mailbox_looks_total", {
  description: "Looks into mailboxes, by mailbox and outcome: news, nothing, failed",
  incremental: true
})
/** 1 while a mailbox is in use because links do not reach, 0 while it stands by. */
export const mailboxActive = Metric.gauge("syncline_mailbox_active", {
  description: "1 while a mailbox is in use, 0 while it stands by, by mailbox"
})
/** Comparisons of roots that ended equal. */
export const proofsEqual = Metric.counter("syncline_proofs_equal_total", {
  description: "Comparisons with a peer that ended with equal roots",
  incremental: true
})
