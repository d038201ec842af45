/** Why a question about records, about the quarantine or about receipts has no answer, beside what writing refuses. */
import { Schema } from "effect"

/** There is no such type, commit of the quarantine, or receipt, for who asks. Look at the list. */
export class NoneOfRecords extends Schema.TaggedError<NoneOfRecords>()("NoneOfRecords", {
  kind: Schema.Literals(["type", "commit in quarantine", "receipt"]),
  id: Schema.String
}) {
  override get message(): string {
    return `there is no ${this.kind} ${this.id}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The place where a page was to begin is none that a page gave. Begin at the first page. */
export class PlaceUnfit extends Schema.TaggedError<PlaceUnfit>()("PlaceUnfit", {}) {
  override get message(): string {
    return "the place is none that a page of this list gave as its next; begin without one"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** All that wait for a reason are decided only by who has the whole space. Name single commits. */
export class SelectionTooWide extends Schema.TaggedError<SelectionTooWide>()("SelectionTooWide", {}) {
  override get message(): string {
    return "who does not have the whole space decides on single commits: name their ids"
  }
  get isRetryable(): boolean {
    return false
  }
}

export class RecordsError extends Schema.TaggedError<RecordsError>()("RecordsError", {
  reason: Schema.Union([NoneOfRecords, PlaceUnfit, SelectionTooWide])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: RecordsError["reason"]) => new RecordsError({ reason })
