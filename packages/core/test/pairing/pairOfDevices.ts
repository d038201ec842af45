// Two devices that pair over a wire which may lie: what each of them was told to show, keep and believe.
import type { CryptoFunctions, Signer } from "../../src/crypto/Crypto.ts"
import type { PairingCode } from "../../src/pairing/PairingCode.ts"
import * as Message from "../../src/pairing/PairingMessage.ts"
import { type PairingAction, type PairingPeer, PairingSession } from "../../src/pairing/PairingSession.ts"

/** One side, driven by its messages. */
export class Device {
  readonly session: PairingSession
  /** Frames that wait for the wire. */
  readonly out: Array<Uint8Array> = []
  shown: { readonly peer: PairingPeer; readonly checkNumber: string } | undefined
  granted: Uint8Array | undefined
  paired: PairingPeer | undefined
  failed: string | undefined
  counted = 0
  readonly attemptsMax: number
  readonly #grant: Uint8Array | undefined
  readonly #isInviter: boolean

  private constructor(session: PairingSession, isInviter: boolean, grant: Uint8Array | undefined, attemptsMax: number) {
    this.session = session
    this.#isInviter = isInviter
    this.#grant = grant
    this.attemptsMax = attemptsMax
  }

  static inviter(
    crypto: CryptoFunctions,
    signer: Signer,
    codes: ReadonlyArray<PairingCode>,
    { attemptsMax = 3, isApproving = true } = {}
  ): Device {
    const self = { signer, name: "laptop", platform: "linux", space: new Uint8Array(16).fill(9) }
    const grant = isApproving ? Uint8Array.of(7) : undefined
    return new Device(PairingSession.invite(crypto, self, codes), true, grant, attemptsMax)
  }

  static joiner(crypto: CryptoFunctions, signer: Signer, code: PairingCode): Device {
    const self = { signer, name: "phone", platform: "android", space: null }
    const { actions, session } = PairingSession.join(crypto, self, code)
    const device = new Device(session, false, undefined, 0)
    device.#act(actions)
    return device
  }

  hear(frame: Uint8Array): void {
    this.#act(this.session.receive(Message.message.decode(frame)))
  }

  #act(actions: ReadonlyArray<PairingAction>): void {
    for (const action of actions) {
      switch (action._tag) {
        case "Send":
          this.out.push(Message.message.encode(action.message))
          break
        case "Count":
          this.#act(this.session.counted(this.counted++ < this.attemptsMax))
          break
        case "Show":
          this.shown = action
          // A hasty person: approves whatever is shown.
          if (this.#isInviter) this.#act(this.session.decide(this.#grant))
          break
        case "Granted":
          this.granted = action.grant
          this.#act(this.session.kept())
          break
        case "Paired":
          this.paired = action.peer
          break
        case "Failed":
          this.failed = action.code
      }
    }
  }
}

/** Carries every frame as it is, until nobody has anything to say. */
export const converse = (inviter: Device, joiner: Device): void => {
  for (;;) {
    const [ofJoiner, ofInviter] = [joiner.out.shift(), inviter.out.shift()]
    if (ofJoiner === undefined && ofInviter === undefined) return
    if (ofJoiner !== undefined) inviter.hear(ofJoiner)
    if (ofInviter !== undefined) joiner.hear(ofInviter)
  }
}
