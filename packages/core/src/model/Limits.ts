/**
 * Every bound of the data model and the protocol, with its unit in the name. What happens beyond a bound stands
 * beside it; nothing is ever cut short silently. Sources: PROTOCOL "Messages" and the threat table (T6, T8, T9).
 */

/** A larger frame closes the link with `FrameTooLarge`. */
export const frameBytesMax = 1024 * 1024
/** Senders fill frames up to here; one commit may carry a frame beyond it, never beyond `frameBytesMax`. */
export const frameBytesTarget = 192 * 1024
/** Nesting of an event's bytes: list, operations, fields and, below them, a value. */
export const eventDepthMax = 3 + 32
/** Nesting of the lists that a commit and its header are. */
export const commitDepthMax = 3
/** Deeper nesting in a frame is refused before it is decoded. */
export const frameDepthMax = 12
/** Events in one commit. A larger local transaction becomes several commits with one `group`. */
export const eventsPerCommitMax = 128
/** Event bytes of one commit before compression; a larger commit is refused. */
export const commitBytesMax = 256 * 1024
/**
 * A whole commit or part with its header, authors and leaf hashes, which take less than 32 KiB; a larger one is refused.
 * So every commit that was taken in fits into a frame.
 */
export const packedCommitBytesMax = commitBytesMax + 32 * 1024
/**
 * MessagePack values in the events of one commit: what they take in memory and time when they are read. A writer begins
 * another commit; one event with more is refused.
 */
export const commitNodesMax = 32 * 1024
/** One encoded event; a larger one is refused. */
export const eventBytesMax = 64 * 1024
/**
 * What an event may grow by when it is written again: the names of up to `replacedPerEventMax` events and of 32 further
 * authors. An ordinary write leaves this room.
 */
export const rewriteBytesMax = 1024
export const rewriteNodesMax = 256
/** One event of an ordinary write; a larger one is refused with the size. */
export const writtenEventBytesMax = eventBytesMax - rewriteBytesMax
/** Depth of one field value; deeper values are refused. */
export const valueDepthMax = 32
/** Keys and elements of one field value together; larger values are refused. */
export const valueNodesMax = 10_000
/** Fields that one event changes. */
export const fieldsPerEventMax = 512
/** UTF-8 bytes of a field or entity type name. */
export const nameBytesMax = 64
/** Header fields of one entity type. */
export const headerFieldsMax = 8
/** UTF-8 bytes of one header field's text. */
export const headerTextBytesMax = 256
/** Authors that one commit's events may refer to. */
export const authorsPerCommitMax = 256
/** Partitions of one journal, which keeps them in memory; a write or commit that would make one more is refused. */
export const partitionsMax = 65_536
/** Commits in one batch frame. */
export const commitsPerBatchMax = 4096
/** Largest absolute value of one counter change, so that sums stay exact integers for 2^22 changes. */
export const counterDeltaAbsMax = 2 ** 31
/** Events that one event may be in the place of: how often one may be written again. */
export const replacedPerEventMax = 16
/** A stamp further ahead of a peer's clock waits in quarantine until it is due. Source: Evolu's `maxDrift`. */
export const clockAheadPeerMs = 5 * 60_000
/** A stamp this far ahead of the clock is refused as `StampTooFarAhead`: nobody waits a day for a wrong clock. */
export const clockAheadMsMax = 24 * 60 * 60_000
/** The same bound on a hub, which is expected to keep good time. */
export const clockAheadHubMs = 60_000
