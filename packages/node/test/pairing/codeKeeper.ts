// A device that invites, as a process of its own: `codeKeeper.ts <folder> new|hangUp|wrong|right [<digits>]`. It keeps its
// code in the folder's file. `hangUp` dies by SIGKILL in the moment in which the caller hears the first word.
import { DeviceKeyFile, NodeCrypto } from "@syncline/node"
import { joinWith, MemoryMeeting, PairingCode, PairingDesk, PairingMessage } from "@syncline/core/pairing"
import { PairingFile } from "@syncline/node/pairing"
import { Effect, Layer, Result } from "effect"

const [folder, deed, digits = ""] = process.argv.slice(2) as [string, string, string?]
const meeting = MemoryMeeting.make(MemoryMeeting.makePlace())
const desk = PairingDesk.PairingDesk.layer({ name: "laptop", platform: "linux", space: new Uint8Array(16) })
const layer = desk.pipe(
  Layer.provideMerge(Layer.mergeAll(PairingFile.layer(folder), NodeCrypto.layer, DeviceKeyFile.layer(folder)))
)
const invitation = { meeting, role: null, admit: () => Effect.succeed(Uint8Array.of(0)) }

const open = Effect.gen(function* () {
  const { invite, resume } = yield* PairingDesk.PairingDesk
  const invited = deed === "new" ? yield* invite(invitation) : yield* resume(invitation)
  if (invited === undefined) return undefined
  yield* Effect.forkScoped(Effect.ignore(invited.outcome), { startImmediately: true })
  return invited
})

const hangUp = Effect.fnUntraced(function* (slot: number) {
  const path = yield* meeting.visit(slot)
  const start = { _tag: "Start", version: 1, kind: "digits", half: new Uint8Array(16).fill(1) } as const
  yield* path.send(PairingMessage.message.encode(start))
  yield* path.receive
  process.kill(process.pid, "SIGKILL")
  return yield* Effect.never
})

const join = Effect.fnUntraced(function* () {
  const { code } = Result.getOrThrow(PairingCode.parse(digits))
  if (deed === "wrong") code.secret[0] = code.secret[0] === 0x30 ? 0x31 : 0x30
  const signer = DeviceKeyFile.deviceKey(yield* DeviceKeyFile.draw)
  const joined = joinWith(code, meeting, {
    signer,
    name: "phone",
    platform: "android",
    // Knowing the code is enough here: nobody answers.
    show: () => Effect.sync(() => console.log("shown")),
    keep: () => Effect.void
  })
  const end = yield* Effect.result(Effect.timeout(joined, 2_000))
  if (Result.isFailure(end) && "reason" in end.failure) {
    const { reason } = end.failure
    console.log("code" in reason ? reason.code : reason._tag)
  }
})

const program = Effect.gen(function* () {
  const invited = yield* open
  if (invited === undefined) return console.log("no code")
  if (deed === "new") {
    console.log(invited.digits)
    // Its end must not close the code, which is what a killed process leaves.
    process.kill(process.pid, "SIGKILL")
    return yield* Effect.never
  }
  if (deed === "hangUp") return yield* hangUp(invited.window.slot)
  yield* join()
  process.kill(process.pid, "SIGKILL")
})

void Effect.runPromise(Effect.scoped(Effect.provide(program, layer)))
