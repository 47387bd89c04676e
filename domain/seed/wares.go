package seed

import "triptych/domain/money"

// A department is a category and what it sells.
type department struct {
	name, code string
	wares      []ware
	remarks    []string // the second sentence of a description
}

// A ware becomes many products: each place has its own, in each style.
type ware struct {
	noun      string
	styles    []string
	text      string // the first sentence of the description
	low, high money.Amount
	drawing   drawing
}

var places = []string{
	"Whitby", "Ludlow", "Keswick", "Rye", "Saltaire", "Totnes", "Hexham", "Wells", "Bakewell", "Southwold", "Stirling",
	"Conwy", "Tenby", "Whitstable", "Malvern", "Ripon", "Oban", "Padstow", "Ilkley", "Kendal", "Hay", "Lavenham",
	"Bibury", "Alnwick", "Dartmouth", "Helmsley", "Crieff", "Frome", "Matlock", "Louth", "Arundel", "Petworth",
	"Settle", "Looe", "Chepstow", "Aberfeldy", "Ely", "Sidmouth", "Grasmere", "Masham", "Tetbury",
}

var departments = []department{
	{"Tea & Coffee", "TEA", []ware{
		{"Breakfast Tea", []string{"Strong", "Everyday", "Early", "Malty"}, "A brisk black blend that takes milk well, 125 g of loose leaf.", 450, 950, tin},
		{"Ground Coffee", []string{"Dark Roast", "Medium Roast", "Harbour", "Sunday"}, "Roasted in small batches and ground for a cafetière, 227 g.", 650, 1150, coffeeBag},
		{"Earl Grey", []string{"Classic", "Bright", "Smoky"}, "Black tea with oil of bergamot, 100 g of loose leaf.", 500, 1000, tin},
		{"Teacup and Saucer", []string{"Bone China", "Blue Band", "Gilt Rim"}, "Thin at the lip and quick to warm, holds 200 ml.", 1400, 3200, teacup},
		{"Espresso Beans", []string{"Chocolate", "House", "Night Shift"}, "Whole beans for a full cup with little bitterness, 500 g.", 1100, 1900, coffeeBag},
		{"Peppermint Infusion", []string{"Garden", "Cool", "After-Dinner"}, "Whole peppermint leaves without caffeine, 60 g.", 400, 800, tin},
		{"Assam", []string{"Second Flush", "Golden Tip", "Robust"}, "A deep, honeyed leaf from a single garden, 125 g.", 700, 1400, tin},
		{"Decaffeinated Coffee", []string{"Evening", "Water Process", "Gentle"}, "All of the flavour at any hour, 227 g, ground.", 700, 1200, coffeeBag},
	}, []string{
		"Chosen at a table of six, who agreed.", "Packed by hand, on the day it is sent.",
		"The box is made of recycled card.", "A favourite of the people who pack our parcels.",
	}},
	{"Kitchen", "KIT", []ware{
		{"Teapot", []string{"Stoneware", "Brown Betty", "Speckled", "Enamel"}, "Pours without a drip and serves four.", 2200, 4600, teapot},
		{"Mug", []string{"Stoneware", "Striped", "Dipped", "Hand-Thrown"}, "Holds 350 ml and has a handle for three fingers.", 900, 1800, mug},
		{"Saucepan", []string{"Copper", "Enamel", "Steel", "Milk"}, "Heats evenly on any hob, 18 cm across, with a long riveted handle.", 2900, 7900, saucepan},
		{"Mixing Bowl", []string{"Cane", "Nesting", "Marbled"}, "Heavy enough to stay where it is while you whisk, 2.5 litres.", 1600, 3400, bowl},
		{"Storage Jar", []string{"Clip-Top", "Pantry", "Tall"}, "Holds a kilogram of flour behind a seal that lasts.", 850, 2100, jar},
		{"Milk Jug", []string{"Creamware", "Blue Ring", "Pewter-Glazed"}, "Half a pint, and it fits into the door of the fridge.", 1100, 2400, jug},
		{"Casserole", []string{"Cast-Iron", "Oven", "Deep"}, "Goes from the hob to the oven to the table, 4 litres.", 4900, 13900, casserole},
	}, []string{
		"Makes a good wedding present.", "Better washed by hand.", "Comes with a card that says who made it.",
		"No two are quite alike, which is the mark of the maker.",
	}},
	{"Garden", "GDN", []ware{
		{"Plant Pot", []string{"Terracotta", "Glazed", "Frost-Proof", "Fluted"}, "Twenty centimetres across, with a hole to drain and a saucer.", 700, 2400, plantPot},
		{"Watering Can", []string{"Galvanised", "Long-Reach", "Painted"}, "Five litres, balanced so that it does not pull at the wrist.", 1900, 4900, wateringCan},
		{"Hand Trowel", []string{"Ash-Handled", "Forged", "Narrow"}, "A stainless blade with inches marked on it for planting bulbs.", 1200, 2700, trowel},
		{"Herb Seeds", []string{"Kitchen", "Windowsill", "Bee-Friendly"}, "Basil, thyme, parsley and chives, enough for four pots.", 300, 850, seedPacket},
		{"Wildflower Seeds", []string{"Meadow", "Hedgerow", "Cottage"}, "Thirty British species for five square metres.", 350, 950, seedPacket},
		{"Bird House", []string{"Cedar", "Slate-Roofed", "Robin's"}, "A dry home with an entrance of 32 mm and a roof that opens.", 1800, 3900, birdHouse},
	}, []string{
		"Tried out for a year on our own allotment.", "Sent with a leaflet on what to do when.", "Wrapped in paper that rots on the compost.",
		"A tenth of the price goes to a community garden.",
	}},
	{"Stationery", "STA", []ware{
		{"Notebook", []string{"Ruled", "Dotted", "Cloth-Bound", "Pocket"}, "A hundred and sixty pages of paper that takes ink, sewn to lie flat.", 650, 1800, notebook},
		{"Pencils", []string{"HB", "Drawing", "Cedar"}, "A dozen in a tin, from hard to soft.", 500, 1400, pencils},
		{"Writing Paper", []string{"Laid", "Cotton", "Deckle-Edged"}, "Fifty sheets with envelopes to match, 120 g a square metre.", 900, 2200, envelope},
		{"Desk Diary", []string{"Week-to-View", "Day-a-Page", "Academic"}, "A year of days with the phases of the moon and the bank holidays.", 1200, 2400, notebook},
		{"Watercolours", []string{"Travelling", "Studio", "Half-Pan"}, "Twelve colours in a box that fits a coat pocket, with a brush.", 1500, 3900, paintbox},
		{"Greetings Cards", []string{"Letterpress", "Linocut", "Blank"}, "Eight cards, two each of four designs, with envelopes.", 600, 1300, envelope},
	}, []string{
		"Wood and paper come from managed forests.", "Made in this country.",
		"A present that needs no wrapping.", "Good enough for letters to the bank, too.",
	}},
	{"Outdoors", "OUT", []ware{
		{"Umbrella", []string{"Walking", "Storm", "Folding", "Ash-Handled"}, "Eight ribs that turn inside out in a gale and come back.", 1900, 5900, umbrella},
		{"Wellingtons", []string{"Tall", "Ankle", "Lined"}, "Natural rubber with a tread for mud, in sizes 3 to 12.", 3400, 8900, boot},
		{"Rucksack", []string{"Waxed Cotton", "Day", "Roll-Top"}, "Twenty litres, with a back that breathes and a pocket for maps.", 4500, 10900, rucksack},
		{"Flask", []string{"Steel", "Wide-Mouthed", "Pocket"}, "Keeps tea hot from breakfast to three o'clock, 750 ml.", 1800, 3600, flask},
		{"Picnic Rug", []string{"Tartan", "Wool", "Waterproof"}, "A metre and a half square, with a strap to carry it by.", 2400, 6900, rug},
		{"Head Torch", []string{"Fell", "Rechargeable", "Night-Walk"}, "Two hundred lumens for six hours, and a red light for reading.", 2200, 4800, torch},
	}, []string{
		"Tried out by us in a wet week in the Lakes.", "Guaranteed for five years.", "Weighs less than it looks.",
		"We mend it for as long as we are here.",
	}},
	{"Toys & Games", "TOY", []ware{
		{"Building Blocks", []string{"Beech", "Painted", "Alphabet"}, "Forty pieces in a cotton bag, from the age of one.", 1800, 4200, blocks},
		{"Kite", []string{"Diamond", "Rainbow", "Beach"}, "Flies in a light breeze, with thirty metres of line.", 1200, 3400, kite},
		{"Train Set", []string{"Wooden", "Branch-Line", "Mountain"}, "An engine, three wagons and a circle of track.", 2900, 6900, train},
		{"Spinning Top", []string{"Tin", "Humming", "Painted"}, "Pump it, and it hums for a minute.", 900, 2100, spinningTop},
		{"Dominoes", []string{"Double-Nine", "Travel", "Maple"}, "A full set in a box with a sliding lid.", 1100, 2600, dominoes},
		{"Rubber Ball", []string{"Spotted", "Playground", "Bouncy"}, "Bounces higher than it should.", 300, 900, ball},
	}, []string{
		"Finished with paint that may be chewed.", "For ages three and up.", "Handed down more often than thrown away.",
		"Good for a long afternoon.",
	}},
	{"Bath & Linen", "BTH", []ware{
		{"Bath Towels", []string{"Waffle", "Egyptian Cotton", "Striped"}, "A pair, 600 g a square metre, that get softer with washing.", 2200, 5900, towels},
		{"Soap", []string{"Oatmeal", "Lavender", "Seaweed", "Rose"}, "Three bars, each good for about a month.", 600, 1500, soap},
		{"Candle", []string{"Beeswax", "Fig", "Sea Salt"}, "Burns for forty hours in a glass that can be used again.", 1200, 3200, candle},
		{"Bubble Bath", []string{"Pine", "Chamomile", "Orange"}, "Half a litre, for some twenty baths.", 900, 1900, bottle},
		{"Hand Cream", []string{"Almond", "Gardener's", "Honey"}, "Sinks in at once and does not smell of much.", 700, 1700, tube},
		{"Cushion", []string{"Linen", "Velvet", "Ticking-Stripe"}, "Forty-five centimetres square, with a feather pad.", 1900, 4800, cushion},
	}, []string{
		"Kind to skin and to septic tanks.", "As used in three small hotels.", "Wrapped in paper, not in plastic.",
		"Made by a family firm in its fourth generation.",
	}},
	{"Pantry", "PAN", []ware{
		{"Strawberry Jam", []string{"Whole-Fruit", "Old-Fashioned", "Low-Sugar"}, "More fruit than sugar, stirred in open pans, 340 g.", 350, 750, jamJar},
		{"Marmalade", []string{"Thick-Cut", "Seville", "Whisky"}, "Bitter oranges, cut by hand, 340 g.", 350, 850, jamJar},
		{"Shortbread", []string{"All-Butter", "Petticoat-Tail", "Stem-Ginger"}, "Crumbles as it should, 300 g in a tin.", 450, 1200, biscuitTin},
		{"Chutney", []string{"Plum", "Ploughman's", "Green-Tomato"}, "Made for cheese, better after a month, 280 g.", 400, 800, jamJar},
		{"Rapeseed Oil", []string{"Cold-Pressed", "Smoked", "Garlic"}, "Grown and pressed on one farm, 500 ml.", 550, 1200, bottle},
		{"Oatcakes", []string{"Rough", "Cheese", "Seeded"}, "Baked on a griddle, 250 g.", 250, 550, biscuitTin},
		{"Honey", []string{"Heather", "Borage", "Set"}, "From hives that move with the flowers, 340 g.", 600, 1400, jamJar},
	}, []string{
		"Suitable for vegetarians.", "Made in batches that one person can stir.", "A prize-winner at three county shows.",
		"Nothing in it that your grandmother would not know.",
	}},
}
