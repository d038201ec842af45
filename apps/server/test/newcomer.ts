/**
 * Somebody with an invitation's link, who asks a team's hub as a program would: over HTTP, with no word of the hub's own code.
 */
import { Bytes, type Crypto, InvitationLink, JoinAnswer, JoinRequest, type PeerId } from "@syncline/core"
import { DeviceKeyFile, NodeCrypto } from "@syncline/node"
import { Effect } from "effect"
import { device, type HubProcess } from "./hubProcess.ts"
import { ask } from "./localDoor.ts"

const { functions: crypto, signerOf } = NodeCrypto

/** Makes an invitation at the hub's local door; its secret is drawn here. */
export const invite = async (data: string, hub: HubProcess, more: object = {}) => {
  const secret = crypto.randomBytes(InvitationLink.secretBytes)
  const key = Bytes.toHex(keyOf(secret).publicKey)
  const { body, status } = await ask(data, "invitations", { key, ...more })
  const { id } = (body as { readonly invitation?: { readonly id: string } }).invitation ?? { id: "" }
  const link: InvitationLink.InvitationLink = { hub: hub.url, hubPeer: hub.peer as PeerId.PeerId, id, secret }
  return { status, body, link }
}

const keyOf = (secret: Uint8Array) => signerOf(InvitationLink.seedOf(crypto.sha256, secret))

export interface Newcomer {
  readonly name: string
  readonly peer: string
  readonly store: string
  readonly signer: Crypto.Signer
}

/** A device that is nobody's yet. */
export const newcomer = (name: string): Newcomer => {
  const { peer, store } = device()
  const signer = DeviceKeyFile.deviceKey(Effect.runSync(DeviceKeyFile.load(store)))
  return { name, peer, store, signer }
}

export const requestOf = (link: InvitationLink.InvitationLink, { name, signer }: Newcomer): JoinRequest.JoinRequest =>
  JoinRequest.make(crypto, { link, invitation: keyOf(link.secret), device: signer, name, platform: "test" })

/** What the hub answers to a body. */
export const post = async (hub: Pick<HubProcess, "url">, body: string) => {
  const headers = { "content-type": "application/json" }
  const response = await fetch(`${hub.url}/api/v1/join`, { method: "POST", headers, body })
  return { status: response.status, headers: [...response.headers.keys()].toSorted(), text: await response.text() }
}

/** Asks once, and gives what the hub has signed. */
export const join = async (hub: Pick<HubProcess, "url">, link: InvitationLink.InvitationLink, who: Newcomer) => {
  const request = requestOf(link, who)
  const { status, text } = await post(hub, JSON.stringify(request))
  if (status !== 200) throw new Error(`${status}: ${text}`)
  return JoinAnswer.open(crypto, link.hubPeer, request, JSON.parse(text) as JoinAnswer.Signed)!
}
