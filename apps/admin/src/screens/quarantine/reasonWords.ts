/** Why commits wait, what that means, and what somebody can do. */
import type { Reason } from "../../api/quarantine.ts"

interface Words {
  readonly name: string
  readonly means: string
  readonly todo: string
  /** A person may let them in. */
  readonly canRelease: boolean
}

export const reasonWords: { readonly [R in Reason]: Words } = {
  ClockAhead: {
    name: "Clock ahead",
    means: "Their time is ahead of this hub's clock.",
    todo: "They come in by themselves once it is time. Set the device's clock.",
    canRelease: false
  },
  Denied: {
    name: "Denied",
    means: "The policy does not let who delivered them write there.",
    todo: "They are asked about again when the policy changes. Change it, or discard them.",
    canRelease: true
  },
  Revoked: {
    name: "Revoked",
    means: "Their author's right had ended.",
    todo: "Look at what they hold: release what was meant well, discard the rest.",
    canRelease: true
  },
  Rejected: {
    name: "Rejected",
    means: "A custodian refused what this hub wrote.",
    todo: "They are submitted again once a later policy allows it. Read why, or discard them.",
    canRelease: true
  },
  MassDelete: {
    name: "Mass deletion",
    means: "They delete more at once than passes without a person.",
    todo: "Release them where it was meant; discard them where it was a mistake or an attack.",
    canRelease: true
  },
  SchemaUnknown: {
    name: "Later version",
    means: "A later version of the program wrote them.",
    todo: "They are taken in after an update of the hub.",
    canRelease: false
  },
  Forked: {
    name: "Forked",
    means:
      "Two different events carry one number of one author: its journal was copied, or it lies. Both branches are applied, and this is the proof.",
    todo: "Find out which device was copied. Discarding takes the proof away, and nothing else.",
    canRelease: false
  }
}
