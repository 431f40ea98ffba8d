/** A colour as `#rrggbb`. */
export type HexColor = string;

const CHANNELS = [1, 3, 5] as const;

/** How well two colours can be told apart, 1 to 21. Source: WCAG 2.2, "contrast ratio". */
export function contrastRatio(one: HexColor, other: HexColor): number {
  const [darker, lighter] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** Black or white, whichever can be read better on a colour; that is always at least 4.5 to 1 (WCAG's level AA). */
export const textColorOn = (background: HexColor): '#000000' | '#ffffff' =>
  contrastRatio(background, '#000000') >= contrastRatio(background, '#ffffff') ? '#000000' : '#ffffff';

/** Source: WCAG 2.2, "relative luminance". */
function luminanceOf(color: HexColor): number {
  const [red, green, blue] = CHANNELS.map((start) => {
    const share = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
