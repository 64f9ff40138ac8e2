import type { Theme } from "@cloudscape-design/components/theming";

// The accent. Each pair is chosen for 4.5:1 at least against what it stands on.
const petrol = { light: "#0b6670", dark: "#5fd3d0" };
const deeper = { light: "#084c54", dark: "#94e4e0" };

/** What eksposure changes of Cloudscape's look: one accent colour, in both modes. */
export const theme: Theme = {
  tokens: {
    colorBackgroundButtonPrimaryDefault: petrol,
    colorBackgroundButtonPrimaryHover: deeper,
    colorBackgroundButtonPrimaryActive: deeper,
    colorBorderButtonPrimaryDefault: petrol,
    colorBorderButtonPrimaryHover: deeper,
    colorBorderButtonPrimaryActive: deeper,
    colorBackgroundControlChecked: petrol,
    colorBackgroundSegmentActive: petrol,
    colorBackgroundLayoutToggleSelectedDefault: petrol,
    colorBackgroundLayoutToggleSelectedHover: deeper,
    colorBackgroundLayoutToggleSelectedActive: deeper,
    colorBorderButtonNormalDefault: petrol,
    colorBorderButtonNormalHover: deeper,
    colorBorderButtonNormalActive: deeper,
    colorBorderItemFocused: petrol,
    colorBorderItemSelected: petrol,
    colorBorderInputFocused: petrol,
    colorItemSelected: petrol,
    colorTextAccent: petrol,
    colorTextButtonNormalDefault: petrol,
    colorTextButtonNormalHover: deeper,
    colorTextButtonNormalActive: deeper,
    colorTextLinkDefault: petrol,
    colorTextLinkHover: deeper,
    colorTextLinkDecorationDefault: petrol,
    colorTextLinkDecorationHover: deeper,
  },
};
