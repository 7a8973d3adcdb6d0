"""What kind of thing a product is, told from the words of its name."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["CATEGORIES", "category"]

_WORDS = {
    "drink": """
        ale apple-juice beer beverage bottle brandy brew champagne chai cider cocktail coffee cola cold-brew
        cordial drink energy-drink espresso gin hot-chocolate ice-tea iced-tea juice kombucha latte lemonade
        liqueur mate matcha mead milk milkshake mocktail oat-milk prosecco roast rum sake seltzer shake
        smoothie soda sparkling-water spirit tea tequila tonic vodka water whiskey whisky wine
    """,
    "food": """
        bacon bagel baguette bar biscuit bread brownie burger butter cake candy cereal cheese chips
        chocolate cookie cracker croissant cupcake curry donut doughnut flour food fruit granola gum ham
        honey ice-cream jam jerky ketchup marmalade meal meat muesli muffin mustard noodle nut oil olive
        olive-oil pancake pasta pastry peanut-butter pepper pesto pickle pie pizza popcorn pretzel
        protein-bar ramen rice salami salsa salt sandwich sauce sausage seasoning snack soup spice steak
        sugar sushi sweet syrup tea-cake toast tofu tortilla truffle vinegar waffle yoghurt yogurt
    """,
    "shoe": """
        boot brogue clog cleat derby espadrille flip-flop footwear heel loafer moccasin mule oxford pump
        running-shoe sandal shoe slipper sneaker stiletto trainer wellington
    """,
    "apparel": """
        apparel beanie belt bikini blazer blouse bodysuit boxers bra briefs cap cape cardigan chinos coat
        denim dress fleece glove gown hat hoodie jacket jean jeans jersey jogger joggers jumper jumpsuit
        kimono knitwear legging leggings mitten nightgown overall overalls pajamas pant panties pants parka
        polo polo-shirt poncho pullover pyjamas raincoat robe romper sari scarf shawl shirt shorts skirt
        sleepwear sock stocking suit sunhat sweater sweatpants sweatshirt swimsuit swimwear t-shirt tank-top
        tee tie tights top trench-coat trousers tshirt tunic tuxedo underwear vest waistcoat windbreaker
    """,
    "bag": """
        backpack bag book-bag briefcase clutch crossbody duffel duffle fanny-pack handbag luggage
        messenger-bag purse rucksack satchel suitcase tote tote-bag travel-bag wallet weekender
    """,
    "watch": "chronograph chronometer pocket-watch smart-watch smartwatch timepiece watch wristwatch",
    "jewelry": """
        amulet anklet bangle bracelet brooch charm choker cufflink diamond earring earrings engagement-ring
        jewel jewellery jewelry locket necklace pearl pendant ring tiara wedding-ring
    """,
    "eyewear": "aviators eyeglasses eyewear glasses goggles monocle reading-glasses shades spectacles sunglasses",
    "beauty": """
        after-shave aftershave balm beard-oil blush body-lotion body-wash bronzer cleanser cologne concealer
        conditioner cosmetic cream deodorant exfoliator eye-cream eyeliner eyeshadow face-cream face-mask
        face-oil face-wash foundation fragrance gloss hair-oil hair-spray hairspray hand-cream lip-balm
        lip-gloss lipgloss lipstick lotion makeup mascara moisturiser moisturizer nail-polish night-cream
        parfum perfume pomade powder primer scrub serum shampoo shaving-cream shower-gel skincare soap
        sun-cream sunscreen toner toothbrush toothpaste
    """,
    "audio": """
        amp amplifier airpods boombox earbud earbuds earphone earphones headphone headphones headset
        microphone mixer radio record-player soundbar speaker subwoofer synthesizer turntable guitar piano
        keyboard-piano violin ukulele drum
    """,
    "tech": """
        adapter battery cable camera charger charging-cable computer console controller desktop dock drone
        e-reader ereader gadget gamepad gps hard-drive hub ipad iphone keyboard laptop lens macbook modem
        monitor mouse notebook-computer phone phone-case phone-holder power-bank powerbank printer processor
        projector robot router scanner screen smart-home smartphone ssd tablet television thermostat tripod
        tv usb webcam
    """,
    "toy": """
        action-figure board-game building-block card-game doll dollhouse figurine game jigsaw kite lego
        model-car model-kit model-train plaything plush plushie puzzle rattle rubber-duck stuffed-animal
        teddy teddy-bear toy toy-car yo-yo
    """,
    "car": """
        automobile cabriolet car convertible coupe electric-car hatchback limousine minivan motorbike
        motorcycle pickup roadster scooter sedan suv tire truck tyre van vehicle
    """,
    "sport": """
        ball barbell baseball basketball bicycle bike canoe climbing-rope cricket-bat cycle dumbbell
        fishing-rod football frisbee golf-club helmet hockey-stick hula-hoop jump-rope kayak kettlebell
        paddle paddleboard racket racquet resistance-band rugby-ball shin-guard skateboard skate ski
        sleeping-bag snowboard surfboard tennis-ball tennis-racket tent treadmill trekking-pole water-bottle
        weights wetsuit yoga-mat
    """,
    "pet": """
        aquarium bird-cage birdcage bird-feeder cat cat-food cat-litter cat-toy cat-tree catnip chew-toy dog
        dog-bed dog-collar dog-food dog-leash dog-toy dog-treat hamster kitten leash pet pet-bed pet-food
        puppy scratching-post
    """,
    "book": """
        album atlas audiobook biography book comic cookbook diary dictionary ebook guidebook journal
        magazine manual novel notebook paperback planner sketchbook textbook
    """,
    "plant": """
        aloe bonsai bouquet cactus fern flower flower-pot houseplant ivy monstera orchid palm plant planter
        rose sapling seed seedling succulent sunflower tulip
    """,
    "home": """
        armchair basket bathtub bed bedding bench blanket blender blind bookcase bookshelf bowl broom bucket
        cabinet candle carpet chair chandelier clock coaster coffee-grinder coffee-machine coffee-maker
        coffee-mug coffee-table couch cup curtain cushion cutlery desk detergent diffuser dish drawer duvet
        espresso-machine fan faucet fork frame freezer fridge furniture glass heater jar jug kettle knife
        ladder lamp lantern light-bulb lightbulb linen mattress microwave mirror mop mug napkin ottoman oven
        pan pillow plate pot poster quilt rug saucepan shelf skillet sofa spoon stool stove table tablecloth
        tap tea-cup tea-pot teacup teapot toaster towel tumbler umbrella vacuum vacuum-cleaner vase wardrobe
        washing-machine wine-glass
    """,
}  # fmt: skip
CATEGORIES = (*_WORDS, "default")
#: After these the name says what the thing is for or goes with, not what it is.
_TAILS = re.compile(r"\b(?:for|with|by|from|in|without|against)\b")


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, ...], str]:
    return {tuple(word.split("-")): kind for kind, words in _WORDS.items() for word in words.split()}


def category(product_name: str) -> str:
    """Return the category of a product, or `default`.

    The last word that says anything decides, for in English the thing itself comes last: a coffee mug is a mug.
    Names of several words win over their words: a water bottle is no drink.
    """
    plain = (
        unicodedata.normalize("NFKD", product_name)
        .casefold()
        .replace("'s", "")
        .replace("\N{RIGHT SINGLE QUOTATION MARK}s", "")
    )
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return _last_known(_TAILS.split(plain)[0]) or _last_known(plain) or "default"


def _last_known(text: str) -> str | None:
    words = re.findall(r"[^\W_]+", text)
    for end in range(len(words), 0, -1):
        for length in (3, 2, 1):
            if length <= end and (kind := _known(words[end - length : end])):
                return kind
    return None


def _known(words: list[str]) -> str | None:
    meanings = _meanings()
    for last in _singulars(words[-1]):
        if kind := meanings.get((*words[:-1], last)):
            return kind
    return None


def _singulars(word: str) -> tuple[str, ...]:
    """Return the word, then what it may be the plural of."""
    if word.endswith("ies") and len(word) > 4:
        return word, word[:-3] + "y", word[:-1]
    if word.endswith("ves"):
        return word, word[:-3] + "f", word[:-3] + "fe", word[:-1]
    if word.endswith("es"):
        return word, word[:-2], word[:-1]
    return (word, word[:-1]) if word.endswith("s") and not word.endswith("ss") else (word,)
