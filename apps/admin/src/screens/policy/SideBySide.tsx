/** Two texts in one, with what differs marked by signs and colours. */
import { unifiedMergeView } from "@codemirror/merge"
import { EditorState } from "@codemirror/state"
import { EditorView, lineNumbers } from "@codemirror/view"
import { useComputedColorScheme } from "@mantine/core"
import { useEffect, useRef } from "react"

interface Props {
  readonly left: string
  readonly right: string
}

export const SideBySide = ({ left, right }: Props) => {
  const place = useRef<HTMLDivElement>(null)
  const isDark = useComputedColorScheme("light") === "dark"
  useEffect(() => {
    const made = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: right,
        extensions: [
          lineNumbers(),
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ "aria-label": "What differs", tabindex: "0" }),
          unifiedMergeView({ original: left, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 8 } }),
          EditorView.theme(
            {
              "&": { fontSize: "14px", border: "1px solid var(--mantine-color-default-border)", borderRadius: "8px" },
              ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", maxHeight: "60vh" },
              ".cm-gutters": { background: "transparent", color: isDark ? "#adb5bd" : "#5c636a" },
              ".cm-deletedChunk::before": { content: '"−"' },
              ".cm-changedLine::before": { content: '"+"' }
            },
            { dark: isDark }
          )
        ]
      })
    })
    made.scrollDOM.tabIndex = 0
    return () => made.destroy()
  }, [isDark, left, right])
  return <div ref={place} data-diff />
}
