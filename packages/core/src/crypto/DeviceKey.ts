/**
 * The device's key as the engine sees it: a peer id and the right to sign. Where the private key lies is the
 * platform's business; it is never on the wire, in the journal or in a log.
 */
import { Context } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import type { Signer } from "./Crypto.ts"

export class DeviceKey extends Context.Service<DeviceKey, Signer & { readonly peer: PeerId }>()(
  "@syncline/core/crypto/DeviceKey"
) {}
