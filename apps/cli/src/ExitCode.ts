/**
 * From a failure to the exit code and to what people and programs read about it. Codes are a promise to scripts:
 * 0 ok, 1 failure, 2 usage, 3 not connected, 4 denied, 5 a policy that cannot be, 130 interrupted.
 */
import type { JournalError, MailboxError, OnboardingError, OrchestratorError, WriteError } from "@syncline/core"
import type { MeetingError, PairingError } from "@syncline/core/pairing"
import type { DeviceKeyError, TrustFileError } from "@syncline/node"
import type { BackupError, ExchangeError } from "@syncline/node/hub"
import type { PolicyDeskError } from "@syncline/policy"
import type { DriveLoginError } from "@syncline/transport-gdrive"
import type { CliError } from "./CliError.ts"
import type { HubRefused } from "./HubAnswerError.ts"

/** Everything a command may fail with. */
export type Failure =
  | CliError
  | DeviceKeyError.DeviceKeyError
  | TrustFileError.TrustFileError
  | JournalError.JournalError
  | MailboxError.MailboxError
  | WriteError.WriteError
  | OrchestratorError.OrchestratorError
  | PolicyDeskError.PolicyDeskError
  | PairingError.PairingError
  | MeetingError.MeetingError
  | OnboardingError.OnboardingError
  | DriveLoginError.DriveLoginError
  | BackupError.BackupError
  | ExchangeError.ExchangeError

export const ok = 0
export const failed = 1
export const usage = 2
export const notConnected = 3
export const denied = 4
export const policyRefused = 5
export const interrupted = 130

export const of = (failure: Failure): number => {
  switch (failure.reason._tag) {
    case "OutputClosed":
      return ok
    case "UsageInvalid":
    case "DiscardUnconfirmed":
    case "TimeInvalid":
    case "TrustedPeerInvalid":
    case "PairingCodeInvalid":
    case "InvitationLinkInvalid":
    case "MailboxUnfit":
    case "BackupPlaceUnfit":
      return usage
    case "NotConnected":
    case "MeetingUnreachable":
    case "MailboxUnreachable":
    case "NothingReached":
    case "LoginUnreachable":
    case "DoorClosed":
      return notConnected
    case "CommitsStay":
      return failure.reason.denied > 0 ? denied : failed
    case "PolicyInvalid":
      return policyRefused
    case "PairingFailed":
      return failure.reason.code === "Declined" ? denied : failed
    case "HubRefused":
      return refusedCode(failure.reason)
    case "ActionDenied":
    case "DriveSignedOut":
    case "FileClosed":
    case "LoginDeclined":
    case "LoginRefused":
    case "MailboxDenied":
    case "NotTrusted":
    case "WriteDenied":
    case "TokenRefused":
    case "InvitationRefused":
    case "RequestRejected":
      return denied
    default:
      return failed
  }
}

/** Those of the hub's reasons that are 422 and no policy's. */
const unfit = ["MemberMissing", "HubRowUnfit"]

const refusedCode = ({ code, status }: HubRefused): number => {
  if (status === 403) return denied
  return status === 422 && !unfit.includes(code ?? "") ? policyRefused : failed
}

/** The name that programs match on, and the sentences for people. */
export const describe = (failure: Failure): { readonly code: string; readonly message: string } => {
  const { message, reason } = failure
  switch (reason._tag) {
    case "StoreInUse":
      return {
        code: reason._tag,
        message:
          `Another process works on ${reason.path}. Wait until it ends or stop it; ` +
          "hash, get, query, history, export, status, receipts and quarantine list, show and export work meanwhile."
      }
    case "PairingFailed":
      return { code: reason.code, message }
    default:
      // The command line's own failures are whole sentences, and some end with a command to copy.
      return { code: reason._tag, message: failure._tag === "CliError" ? message : sentence(message) }
  }
}

const sentence = (text: string): string => (/[.!?)…`]$/.test(text) ? text : `${text}.`)
