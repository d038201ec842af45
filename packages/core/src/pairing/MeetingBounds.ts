/**
 * Holds a path to the bounds of a visit, in both directions, whatever the road beneath would carry: frames, bytes and
 * time. It opens and names nothing.
 */
import { Clock, Effect } from "effect"
import { because, MeetingEnded, MeetingFrameRefused } from "./MeetingError.ts"
import { frameBytesMax, type MeetingPath, pathBytesMax, pathFramesMax, pathMsMax } from "./PairingMeeting.ts"

/** What went one way so far. */
export interface Carried {
  frames: number
  bytes: number
}

/** Counts one more frame; false when it is beyond what a visit may carry. */
export const carries = (carried: Carried, frame: Uint8Array): boolean => {
  carried.frames++
  carried.bytes += frame.length
  return frame.length <= frameBytesMax && carried.frames <= pathFramesMax && carried.bytes <= pathBytesMax
}

/** A path that refuses to send beyond the bounds, and ends when the other side does or when its time is over. */
export const bounded = (path: MeetingPath): Effect.Effect<MeetingPath> =>
  Effect.map(Clock.currentTimeMillis, (sinceMs) => {
    const [out, into]: [Carried, Carried] = [
      { frames: 0, bytes: 0 },
      { frames: 0, bytes: 0 }
    ]
    const ended = (problem: string) => Effect.andThen(path.close, because(new MeetingEnded({ problem })))
    return {
      send: (frame) =>
        carries(out, frame) ? path.send(frame) : because(new MeetingFrameRefused({ bytes: frame.length })),
      receive: Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
        path.receive.pipe(
          Effect.timeoutOrElse({
            duration: Math.max(0, sinceMs + pathMsMax - nowMs),
            orElse: () => ended("the visit took too long")
          }),
          Effect.flatMap((frame) =>
            carries(into, frame) ? Effect.succeed(frame) : ended("the other side sent more than a visit may carry")
          )
        )
      ),
      close: path.close
    }
  })
