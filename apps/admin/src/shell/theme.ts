/** The look of the pages. Contrasts are those of WCAG AA in light and dark; axe says so in the tests. */
import { Alert, createTheme, type CSSVariablesResolver, darken, Drawer, Modal, Notification } from "@mantine/core"

const shade = 9
const close = { closeButtonProps: { "aria-label": "Close" } }

export const theme = createTheme({
  primaryColor: "cyan",
  primaryShade: shade,
  defaultRadius: "md",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // A title in the colour of its ground is too faint.
    Alert: Alert.extend({ styles: { title: { color: "var(--mantine-color-text)" } } }),
    Drawer: Drawer.extend({ defaultProps: close }),
    Modal: Modal.extend({ defaultProps: close }),
    Notification: Notification.extend({ defaultProps: close })
  }
})

/** Mantine makes a filled button of the darkest shade paler where it is pointed at, so that its white text is too faint. */
export const variables: CSSVariablesResolver = ({ colors }) => {
  const pointedAt = Object.fromEntries(
    Object.entries(colors).map(([name, shades]) => [
      `--mantine-color-${name}-filled-hover`,
      darken(shades[shade], 0.15)
    ])
  )
  return { variables: {}, light: pointedAt, dark: pointedAt }
}
