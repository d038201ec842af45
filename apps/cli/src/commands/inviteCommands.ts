/**
 * `syncline invite …`: links that invite to the team of the hub that runs on the folder. The secret of a link is drawn here and
 * printed here, once; the hub gets what verifies it.
 */
import { Bytes, InvitationLink } from "@syncline/core"
import { AdminOnboarding } from "@syncline/core/admin"
import { NodeCrypto } from "@syncline/node"
import { Effect } from "effect"
import { because, UsageInvalid } from "../CliError.ts"
import * as HubAddress from "../HubAddress.ts"
import * as LocalDoor from "../LocalDoor.ts"
import * as OnboardingText from "../OnboardingText.ts"
import { Output } from "../Output.ts"
import * as TimeSpan from "../TimeSpan.ts"

interface On {
  readonly data: string
}

export interface InviteInput extends On {
  readonly hub: string | undefined
  readonly role: string | undefined
  readonly teams: ReadonlyArray<string>
  readonly expires: string
  readonly uses: number
  readonly isByHand: boolean
}

export const make = Effect.fnUntraced(function* (input: InviteInput) {
  const output = yield* Output
  const { data, expires, isByHand, role, teams, uses } = input
  const validMs = TimeSpan.parse(expires)
  if (validMs === undefined) {
    const problem = `--expires ${expires} is no length of time; write 30m, 12h or 7d`
    return yield* because(new UsageInvalid({ problem }))
  }
  const address = yield* HubAddress.of(input.hub ?? (yield* LocalDoor.urlOf(data)))
  const { randomBytes, sha256 } = NodeCrypto.functions
  const secret = randomBytes(InvitationLink.secretBytes)
  const { publicKey } = NodeCrypto.signerOf(InvitationLink.seedOf(sha256, secret))
  const { hub, invitation } = yield* LocalDoor.ask(data, {
    path: "invitations",
    answer: AdminOnboarding.Invited,
    body: { key: Bytes.toHex(publicKey), ...(role === undefined ? {} : { role }), teams, validMs, uses, isByHand }
  })
  const link = InvitationLink.toText({ hub: address.replace(/^ws/, "http"), hubPeer: hub, id: invitation.id, secret })
  yield* output.result({ link, ...invitation }, OnboardingText.link(link, invitation))
})

export const list = Effect.fnUntraced(function* ({ data }: On) {
  const output = yield* Output
  const { invitations } = yield* LocalDoor.ask(data, {
    path: "invitations",
    answer: AdminOnboarding.Invitations
  })
  for (const each of invitations) yield* output.line(each, OnboardingText.invitation(each))
  if (invitations.length === 0) yield* output.note("Nobody was invited yet.")
})

export const revoke = Effect.fnUntraced(function* ({ data, id }: On & { readonly id: string }) {
  const output = yield* Output
  const { invitation } = yield* LocalDoor.ask(data, {
    path: "invitations/revoke",
    answer: AdminOnboarding.Revoked,
    body: { id }
  })
  yield* output.result(invitation, `The invitation ${id} is ${invitation.standing}: nobody joins by its link any more.`)
})
