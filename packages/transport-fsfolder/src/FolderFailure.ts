/**
 * What the system's failures mean, in the words of a mailbox. No error of Node leaves this package.
 */
import { MailboxError } from "@syncline/core"
import { Effect } from "effect"
import type { SystemFailure } from "./FolderFiles.ts"

/** The mailbox's name among a node's transports and mailboxes. */
export const mailboxName = "folder"

type Reason = MailboxError.MailboxError["reason"]

export const errorOf = (reason: Reason): MailboxError.MailboxError =>
  new MailboxError.MailboxError({ mailbox: mailboxName, reason })

export const fail = (reason: Reason): Effect.Effect<never, MailboxError.MailboxError> => Effect.fail(errorOf(reason))

export const unreachable = (problem: string): MailboxError.MailboxError =>
  errorOf(new MailboxError.MailboxUnreachable({ problem }))

export const unfit = (problem: string): MailboxError.MailboxError => errorOf(new MailboxError.MailboxUnfit({ problem }))

export const notThere = (name: string, problem: string): MailboxError.MailboxError =>
  errorOf(new MailboxError.FileNotThere({ name, problem }))

const full = new Set(["ENOSPC", "EDQUOT"])
const busy = new Set(["EBUSY", "EAGAIN", "ETXTBSY", "EMFILE", "ENFILE"])
const denied = new Set(["EACCES", "EPERM", "EROFS"])
/** Something else has the name of a file or directory of ours. */
const inTheWay = new Set(["EEXIST", "EISDIR", "ENOTEMPTY", "ELOOP"])

/** Nothing is there any more, or not yet. */
export const isGone = ({ code }: SystemFailure): boolean => code === "ENOENT" || code === "ENOTDIR"

export const isDenied = ({ code }: SystemFailure): boolean => denied.has(code)

/** What may pass by itself in a moment where other programs hold files. */
export const isHeldUp = ({ code }: SystemFailure): boolean => code === "EBUSY" || code === "EPERM" || code === "EACCES"

export const isBusy = ({ code }: SystemFailure): boolean => code === "EBUSY"

/** `doing` completes "cannot ...", e.g. "write into /home/eva/Dropbox". */
export const ofSystem =
  (doing: string) =>
  ({ code, problem }: SystemFailure): MailboxError.MailboxError => {
    const what = `cannot ${doing} (${code}: ${problem})`
    if (full.has(code)) return errorOf(new MailboxError.MailboxFull({ problem: `${what}; make room there` }))
    if (busy.has(code)) return errorOf(new MailboxError.MailboxBusy({ problem: what, afterMs: 0 }))
    if (denied.has(code)) {
      return errorOf(new MailboxError.MailboxDenied({ problem: `${what}; let this user read and write there` }))
    }
    if (inTheWay.has(code)) {
      return errorOf(new MailboxError.MailboxDenied({ problem: `${what}; something else has that name, remove it` }))
    }
    return unreachable(`${what}; see that the folder is there and its drive connected`)
  }
