// One example of every message, used by the codec's tests and its golden frames.
import type { WireMessage } from "../../src/wire/WireMessage.ts"

export const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

const space = {
  space: filled(16, 1),
  incarnation: filled(8, 2),
  head: 7,
  root: filled(16, 3),
  count: 5,
  cursorOf: filled(8, 4),
  cursor: 3,
  charter: null
}

export const messages: ReadonlyArray<WireMessage> = [
  { _tag: "Challenge", version: 1, nonce: filled(16, 5), peer: filled(32, 6) },
  { _tag: "ChallengeAck", nonce: filled(16, 5), peer: filled(32, 6), signature: filled(64, 7) },
  { _tag: "Hello", signature: filled(64, 7), ...space },
  { _tag: "HelloAck", verdict: "feed", ...space, cursorOf: null, charter: filled(16, 8) },
  { _tag: "SyncRequest", request: 1, root: filled(16, 3), count: 5, head: 7, applied: 2 },
  {
    _tag: "SyncState",
    request: 1,
    verdict: "differ",
    head: 0,
    nodes: [
      [0, "a", [filled(8, 1)]],
      [1, "", [[filled(16, 1), filled(8, 2)]]],
      [2, filled(16, 1), "0f", [filled(8, 3)]],
      [3, filled(16, 1), "", [[2 ** 52 - 1, filled(8, 9)]]]
    ],
    clocks: [[filled(16, 1), 77, [[filled(40, 8), 3, filled(16, 4)]]]],
    replies: [],
    want: [[filled(16, 1), 12]]
  },
  {
    _tag: "EventBatch",
    batch: 0,
    source: "feed",
    from: 0,
    upto: 9,
    isLast: true,
    commits: [filled(300, 1), filled(10, 2)]
  },
  {
    _tag: "EventAck",
    batch: 0,
    upto: 9,
    applied: 2,
    held: 0,
    gaps: 0,
    refused: [["Denied", 1]],
    reasons: [["Denied", false, "team/b", 3, "team b does not write here"]],
    verdicts: [[4, 0]]
  },
  { _tag: "Ping", token: 1 },
  { _tag: "Pong", token: 1 },
  { _tag: "Error", code: "PeerDenied", detail: "" },
  {
    _tag: "CharterSync",
    digest: filled(16, 8),
    marks: [[3, filled(32, 9)]],
    rivals: [filled(32, 10)],
    records: [filled(20, 11)]
  }
]
