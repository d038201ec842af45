/**
 * Whose Drive a login is of. An address of a mailbox stands for one account only where this is looked at: the folder has the same
 * name in all of them. It signs nobody in.
 */
import { Effect } from "effect"
import type { DriveApi } from "./DriveApi.ts"
import { type DriveFailure, failure, signInAgain } from "./DriveFailure.ts"

export interface DriveAccount {
  /** Google's own name for it, which stays when its address changes. */
  readonly id: string
  /** The account's mail address; its id where Google does not say one. */
  readonly address: string
}

export const seenBy = ({ about }: DriveApi): Effect.Effect<DriveAccount, DriveFailure> =>
  Effect.map(about, ({ user }) => ({
    id: user.permissionId,
    address: isAddress(user.emailAddress) ? user.emailAddress : user.permissionId
  }))

/** The account of a login, which is to be this one where one was named. */
export const checked = (api: DriveApi, wanted: string | undefined): Effect.Effect<DriveAccount, DriveFailure> =>
  Effect.filterOrFail(
    seenBy(api),
    ({ address, id }) => wanted === undefined || wanted === address || wanted === id,
    ({ address }) => failure("denied", `the login is of ${address}, not of ${wanted}: ${signInAgain} as ${wanted}`)
  )

const isAddress = (text: string | null | undefined): text is string =>
  typeof text === "string" && /^[^\s\p{C}]{1,254}$/u.test(text)
